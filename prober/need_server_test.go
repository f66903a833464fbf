package prober

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// fastestEngine notes requests that are sent with less than half of the time of the fastest
// answer left.
type fastestEngine struct {
	probe.Engine
	mu       sync.Mutex
	answers  int
	fastest  time.Duration
	hopeless int
}

func (e *fastestEngine) Do(ctx context.Context, r *probe.Result) {
	e.note(r)
	e.Engine.Do(ctx, r)
	if r.Err != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	took := r.End.Sub(r.Taken)
	if e.answers++; e.answers == 1 {
		e.fastest = took
	}
	e.fastest = min(e.fastest, took)
}

func (e *fastestEngine) note(r *probe.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.answers > 2*overloaded().Burst.Concurrency && r.Deadline.Sub(r.Taken) < e.fastest/2 {
		e.hopeless++
	}
}

// The number of answers depends on the machine. But on every machine, no request is sent
// without time for its answer.
func TestAServerThatIsAskedForTooMuchIsNotSentRequestsToFail(t *testing.T) {
	t.Parallel()
	for _, version := range []option.HTTPVersion{option.OnlyHTTP11, option.H2C, option.OnlyHTTP3} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			var seen atomic.Int64
			s := newServerOf(t, version, func(_ http.ResponseWriter, q *http.Request) {
				seen.Add(1)
				select {
				case <-time.After(400 * time.Millisecond):
				case <-q.Context().Done():
				}
			})
			cfg := s.load("slow", version, overloaded().Burst)
			cfg.Timeout = overloaded().Timeout
			shot, err := NewShot(limited(Limits{}), cfg, policy.Rules{})
			require.NoError(t, err)
			sender := shot.target.current.Load()
			engine := &fastestEngine{Engine: sender.engine}
			sender.engine = engine
			shot.Fire(t.Context(), context.Background())

			n := shot.entry.recorder.Snapshot(numbers.WithEverything)
			assertConserved(t, n)
			assert.EqualValues(t, 150, n.Scheduled)
			assert.Zero(t, engine.hopeless)
			assert.LessOrEqual(t, seen.Load(), int64(n.Requests), "what was dropped was never sent")
			assert.LessOrEqual(t, n.PeakInFlight, uint64(5))
			assert.Positive(t, n.Dropped.Total())
			assert.Positive(t, n.ByCode[errcode.OK].Count())
		})
	}
}
