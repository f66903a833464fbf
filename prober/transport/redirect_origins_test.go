package transport

import (
	"math"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"example.com/prober/prober/http1"
)

// slow is a carrier whose closed connections are there until gone is closed.
type slow struct {
	multiplexer

	closing, gone chan struct{}
}

func (s slow) CloseIdle() { close(s.closing) }
func (s slow) Wait()      { <-s.gone }

func TestTheConnectionsOfADroppedOriginAreWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ending := slow{closing: make(chan struct{}), gone: make(chan struct{})}
		var o origins
		o.known = map[string]*origin{"oldest": {t: &Transport{h1: http1.NewPool(http1.Options{}), multi: ending}, usedAt: math.MinInt64}}
		for _, key := range "abcdefgh" {
			o.known[string(key)] = &origin{t: &Transport{h1: http1.NewPool(http1.Options{})}}
		}
		used := o.known["a"]
		used.users = 1
		o.release(used)
		<-ending.closing
		assert.Len(t, o.known, maxOrigins)
		waited := make(chan struct{})
		go func() {
			o.wait()
			close(waited)
		}()
		synctest.Wait()
		select {
		case <-waited:
			t.Error("a connection is still there")
		default:
		}
		close(ending.gone)
		<-waited
	})
}
