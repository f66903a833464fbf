package prober

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

const week = 7 * 24 * time.Hour

func TestAWeekOfAHundredTargetsIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const interval, perBurst = time.Hour, 3
		targets := make([]*target, 100)
		schedule, stop := context.WithTimeout(t.Context(), week)
		defer stop()
		var running sync.WaitGroup
		for i := range targets {
			cfg := testConfig(config.Burst{Requests: perBurst, Concurrency: 1})
			cfg.Name = fmt.Sprintf("target-%d", i)
			cfg.Interval = interval
			targets[i] = testTarget(cfg, newFakeEngine(takes(time.Duration(i)*7*time.Millisecond)))
			running.Go(func() { targets[i].run(schedule, context.Background()) })
		}
		running.Wait()
		for _, target := range targets {
			c := conserved(t, target.recorder)
			require.EqualValues(t, week/interval, c.Bursts, target.load.Name)
			require.EqualValues(t, perBurst*week/interval, c.ByCode[errcode.OK].Count())
			require.Zero(t, c.Skipped)
		}
	})
}

func TestClockThatIsSetNeitherLosesNorDoublesABurst(t *testing.T) {
	for name, steps := range map[string][]time.Duration{
		"forwards by an hour":  {time.Hour},
		"backwards by a day":   {-24 * time.Hour},
		"to and fro":           {17 * time.Second, -40 * time.Second, 11 * time.Second, -3 * time.Second},
		"a little, many times": slices.Repeat([]time.Duration{2 * time.Second, -5 * time.Second}, 20),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const interval, total = 30 * time.Second, 2 * time.Hour
				e := newFakeEngine(takes(100 * time.Millisecond))
				target := testTarget(testConfig(config.Burst{Requests: 1}), e)
				var mu sync.Mutex
				var offset time.Duration
				target.wall = func() time.Time {
					mu.Lock()
					defer mu.Unlock()
					return time.Now().Add(offset)
				}
				go func() {
					for _, step := range steps {
						time.Sleep(total / time.Duration(len(steps)+1))
						mu.Lock()
						offset += step
						mu.Unlock()
					}
				}()
				runFor(t, target, total)
				c := target.recorder.Snapshot(numbers.WithEverything)
				assert.InDelta(t, total/interval, c.Bursts, 2, "as many as intervals have passed")
				for k := 1; k < len(e.starts); k++ {
					gap := e.starts[k].Sub(e.starts[k-1])
					assert.GreaterOrEqual(t, gap, interval/2)
					assert.LessOrEqual(t, gap, interval*3/2)
				}
			})
		})
	}
}

// TestNoCoordinatedOmission compares the reported distribution with the distribution of
// all due requests, computed from what the server does: it stalls everything for 1 s
// once in 5 s and otherwise answers in 5 ms.
func TestNoCoordinatedOmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, length, service = 200, 20 * time.Second, 5 * time.Millisecond
		start := time.Now()
		latency := func(at time.Duration) time.Duration {
			if into := at % (5 * time.Second); into >= 4*time.Second {
				return 5*time.Second - into + service
			}
			return service
		}
		e := newFakeEngine(func(int) (time.Duration, int) { return latency(time.Since(start)), 200 })
		cfg := testConfig(config.Burst{Rate: rate, Duration: length, Concurrency: 1000})
		cfg.Timeout = 10 * time.Second
		target := testTarget(cfg, e)
		target.fire(t.Context(), context.Background(), 0)

		var truth []time.Duration
		for k := range int(rate * length.Seconds()) {
			truth = append(truth, latency(time.Duration(k)*time.Second/rate))
		}
		slices.Sort(truth)
		h := target.recorder.Snapshot(numbers.WithEverything).ByCode[errcode.OK]
		require.EqualValues(t, len(truth), h.Count())
		for _, q := range []float64{0.5, 0.9, 0.99, 0.999, 1} {
			want := truth[int(math.Ceil(q*float64(len(truth))))-1]
			assert.InEpsilon(t, want, h.Quantile(q), 0.0906, "q=%g", q)
		}
	})
}

func TestReloadsDoNotSpeedATargetUp(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	target := s.target("steady")
	target.Interval = time.Hour
	for i := range 500 {
		target.Burst.Concurrency = 1 + i%7 // changed each time
		apply(t, m, target)
	}
	assert.LessOrEqual(t, s.Requests(), int64(1), "only if its slot has just come")
}
