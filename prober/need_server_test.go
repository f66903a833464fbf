package prober

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// timedEngine adds up for how long workers were busy with requests.
type timedEngine struct {
	probe.Engine
	busy, wasted atomic.Int64 // wasted with requests that were not answered
}

func (e *timedEngine) Do(ctx context.Context, r *probe.Result) {
	e.Engine.Do(ctx, r)
	took := int64(r.End.Sub(r.Taken))
	e.busy.Add(took)
	if r.Err != nil {
		e.wasted.Add(took)
	}
}

// How many requests a machine has time for depends on it. What part of that time is spent
// on answers does not.
func TestAServerThatIsAskedForTooMuchIsNotSentRequestsToFail(t *testing.T) {
	t.Parallel()
	for _, version := range []option.HTTPVersion{option.OnlyHTTP11, option.H2C} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			var seen, cut atomic.Int64
			s := newServerOf(t, version, func(_ http.ResponseWriter, q *http.Request) {
				seen.Add(1)
				select {
				case <-time.After(400 * time.Millisecond):
				case <-q.Context().Done():
					cut.Add(1)
				}
			})
			cfg := s.load("slow", version, overloaded().Burst)
			cfg.Timeout = overloaded().Timeout
			shot, err := NewShot(limited(Limits{}), cfg, policy.Rules{})
			require.NoError(t, err)
			sender := shot.target.current.Load()
			engine := &timedEngine{Engine: sender.engine}
			sender.engine = engine
			shot.Fire(t.Context(), context.Background())

			n := shot.entry.recorder.Snapshot(numbers.WithEverything)
			assertConserved(t, n)
			assert.EqualValues(t, 150, n.Scheduled)
			good := n.ByCode[errcode.OK].Count()
			assert.GreaterOrEqual(t, 20*good, 19*n.Requests, "one in twenty of those sent is cut off: %v", n.Codes)
			assert.LessOrEqual(t, 20*cut.Load(), seen.Load())
			assert.LessOrEqual(t, 10*engine.wasted.Load(), engine.busy.Load(), "nine tenths of what the workers can do are answers")
			assert.Positive(t, n.Dropped[load.DropNoWorker])
			assert.Zero(t, n.Failed(), "nothing of it is the target's: %v", n.Codes)
		})
	}
}
