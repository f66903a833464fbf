package grpc

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/probe"
)

// moody handles each call in another way, and closes the connection now and then.
func moody(c net.Conn) {
	p := peers.NewH2(c)
	p.Greet(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 10})
	for id := p.Request(); id != 0; id = p.Request() {
		switch rand.IntN(12) {
		case 0:
			_ = p.WriteRSTStream(id, http2.ErrCodeRefusedStream)
		case 1:
			header(p, id)
		case 2:
			header(p, id)
			p.Data(id, false, framed(0, serving)[:6])
		case 3:
			answerWith(p, id, framed(0, serving), "14")
		case 4:
			messages(framed(1, zipped(serving)), "grpc-encoding", "gzip")(p, id)
		case 5:
			messages(framed(1, "no gzip"), "grpc-encoding", "gzip")(p, id)
		case 6:
			web("503", "text/html")(p, id)
		case 7:
			_ = p.WriteGoAway(id-2, http2.ErrCodeNo, nil)
		case 8:
			if rand.IntN(10) == 0 {
				return
			}
			well(p, id)
		default:
			well(p, id)
		}
	}
}

// Whatever servers do, each call ends in time and leaves nothing behind.
func TestCallsUnderStressLeaveNothing(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, moody)
	ceiling := probe.NewCeiling(3)
	plan := planOf(p)
	plan.Connections = ceiling
	e := newEngine(t, Config{Plan: plan})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var workers sync.WaitGroup
	for range 20 {
		workers.Go(func() {
			var r probe.Result
			for range 40 {
				now := probe.Now()
				r.Reset(now, now.Add(20*time.Millisecond))
				if !e.Reserve(&r) {
					e.Unreserve(&r)
				}
				e.Do(ctx, &r)
				e.Unreserve(&r)
				assert.NotZero(t, r.End)
				assert.NotEqual(t, errcode.General, e.Code(&r), textOf(&r))
				assert.NotEqual(t, errcode.Panic, e.Code(&r), textOf(&r))
			}
		})
	}
	workers.Wait()
	assert.LessOrEqual(t, e.Open(), 3)
	e.Abort()
	e.Wait()
	assert.Zero(t, e.Open())
	assert.Zero(t, ceiling.Used())
	state := e.pool.State()
	assert.Zero(t, state.Connections+state.Streams+state.Waiting+state.Dialing+state.Lined+state.Reserved, "%+v", state)
	r := do(e, patience)
	assert.Equal(t, errcode.Cancelled, e.Code(r), textOf(r))
}

func TestAnAbortEndsCallsThatAreUnderWay(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	p := peers.Listen(t, playing(func(p *peers.H2, id uint32) {
		header(p, id)
		p.Data(id, false, framed(0, serving)[:6])
		close(arrived)
	}))
	e := newEngine(t, Config{Plan: planOf(p)})
	go func() {
		<-arrived
		e.Abort()
	}()
	r := do(e, patience)
	assert.Equal(t, errcode.Cancelled, e.Code(r), textOf(r))
	e.Wait()
}
