package prober

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/policy"
	"example.com/prober/prober/grpc"
)

// reflected returns a target whose types come by reflection.
func reflected(t *testing.T, address string) config.Target {
	t.Helper()
	cfg, err := config.Parse([]byte("targets: [{name: a, url: 'grpc://"+address+"', interval: 10ms, timeout: 1m, "+
		"grpc: {service: shop.v1.Orders, method: Get, message: {sku: a}, reflection: true}}]"), "prober.yml")
	require.NoError(t, err)
	return cfg.Targets[0]
}

// Until the types of a server are known, it gets only the question for them.
func TestCallsFailUntilTheTypesAreKnown(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, answering("", "12"))
	m := newTestManager(t)
	apply(t, m, reflected(t, p.Address()))
	require.Eventually(t, func() bool {
		h := tallyOf(m, "a").ByCode[errcode.GRPCReflection]
		return h != nil && h.Count() >= 4
	}, patience, time.Millisecond)
	c := tallyOf(m, "a")
	assertConserved(t, c)
	assert.Zero(t, c.Sent)
}

// The prober asks again, less and less often, until the server answers, and now and then
// after that. It asks outside the bursts; only the first attempt delays them.
func TestAServerIsAskedForItsTypesUntilItTellsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := NewManager(Options{Log: slog.New(slog.DiscardHandler)}).compile(reflected(t, "127.0.0.1:1"), policy.Rules{}, nil)
		require.NoError(t, err)
		s := c.supplies[0].(*typeSource)
		start := time.Now()
		var asked []float64 // seconds
		s.ask = func(context.Context) []grpc.Types {
			asked = append(asked, time.Since(start).Seconds())
			switch {
			case len(asked) == 5:
				panic("a defect")
			case len(asked) <= 8:
				return []grpc.Types{{Err: errors.New("not yet")}}
			}
			return []grpc.Types{{Descriptors: shopTypes(t)}}
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s.run(ctx)
		}()
		s.ready(ctx)
		assert.Zero(t, time.Since(start))
		time.Sleep(30 * time.Minute)
		cancel()
		<-ended
		assert.Equal(t, []float64{0, 1, 3, 7, 15, 31, 63, 123, 183, 783, 1383}, asked)
	})
}
