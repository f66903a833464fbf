package transport

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

func TestTakingAnswersInAllocatesNothing(t *testing.T) {
	for name, cfg := range map[string]Config{
		"HTTP/1.1": {URL: peers.Listen(t, answeringUploads(0)).URL("http")},
		"HTTP/2":   {URL: peers.Listen(t, fastPeer(t)).URL("http"), HTTPVersion: option.H2C},
	} {
		cfg.Shows = true
		tr, r := newTransport(t, cfg), probe.Result{Answer: probe.NewAnswer(1 << 10)}
		exchange := func() {
			again(context.Background(), tr, &r, patience)
			if r.Err != nil || r.HTTP.Status != 200 {
				t.Fatal("the exchange failed:", r.Err)
			}
		}
		exchange()
		assert.Zero(t, testing.AllocsPerRun(200, exchange), name)
		came, ok := r.AnswerCame()
		assert.True(t, ok, name)
		assert.NotEmpty(t, came.Fields, name)
		assert.False(t, came.Hidden, name)
	}
}
