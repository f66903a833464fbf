package prober

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
)

// fireUntil fires a burst whose schedule ends at the given time, for the given cause.
func fireUntil(target *target, d time.Duration, cause error) numbers.Snapshot {
	schedule, stop := context.WithCancelCause(context.Background())
	time.AfterFunc(d, func() { stop(cause) })
	target.fire(schedule, context.Background(), 0)
	return target.recorder.Snapshot(numbers.WithEverything)
}

func TestAPlanEndsWithTheScheduleAndNotWithTheLastAnswer(t *testing.T) {
	for name, cause := range map[string]error{"shutdown": nil, "reload": errReload} {
		t.Run(name, func(t *testing.T) {
			reason := map[error]load.DropReason{nil: load.DropShutdown, errReload: load.DropReload}[cause]
			var scheduled, dropped []uint64
			for _, answer := range []time.Duration{time.Millisecond, 100 * time.Second} {
				synctest.Test(t, func(t *testing.T) {
					cfg := testConfig(config.Burst{Rate: 10, Duration: 100 * time.Second, Concurrency: 1000})
					cfg.Timeout = 200 * time.Second
					e := newFakeEngine(func(k int) (time.Duration, int) {
						if k == 50 {
							return answer, 200
						}
						return time.Millisecond, 200
					})
					c := fireUntil(testTarget(cfg, e), 10*time.Second+time.Millisecond, cause)
					assertConserved(t, c)
					assert.EqualValues(t, 101, c.ByCode[errcode.OK].Count(), "one answer took %v", answer)
					assert.Equal(t, numbers.Cut{Bursts: 1, Requests: 899}, c.Cuts[reason])
					assert.True(t, c.LastSuccess.IsZero(), "it was cut")
					scheduled, dropped = append(scheduled, c.Scheduled), append(dropped, c.Dropped[reason])
				})
			}
			assert.Equal(t, []uint64{101, 101}, scheduled)
			assert.Equal(t, []uint64{0, 0}, dropped)
		})
	}
}

func TestWhatWaitsAtTheEndOfTheScheduleIsDroppedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(config.Burst{Rate: 10, Duration: 100 * time.Second, Concurrency: 1})
		cfg.Timeout = time.Hour
		target := testTarget(cfg, newFakeEngine(takes(30*time.Minute)))
		go func() {
			time.Sleep(20*time.Second + time.Millisecond)
			c := conserved(t, target.recorder)
			assert.EqualValues(t, 101, c.Scheduled)
			assert.EqualValues(t, 1, c.InFlight)
			assert.EqualValues(t, 100, c.Dropped[load.DropReload])
			assert.Equal(t, numbers.Cut{Bursts: 1, Requests: 899}, c.Cuts[load.DropReload], "before its last request has ended")
		}()
		fireUntil(target, 10*time.Second+time.Millisecond, errReload)
	})
}

func TestABurstIsCutOnlyIfSomethingWasLeft(t *testing.T) {
	for name, c := range map[string]struct {
		burst config.Burst
		want  numbers.Cut
	}{
		"a closed burst":                       {config.Burst{Requests: 100, Concurrency: 2}, numbers.Cut{Bursts: 1, Requests: 98}},
		"one of some time":                     {config.Burst{Duration: time.Minute, Concurrency: 2}, numbers.Cut{Bursts: 1, Requests: 0}},
		"one whose requests have all begun":    {config.Burst{Requests: 2, Concurrency: 2}, numbers.Cut{}},
		"one whose time ends before an answer": {config.Burst{Duration: 2 * time.Second, Concurrency: 2}, numbers.Cut{}},
		"an open burst":                        {config.Burst{Rate: 1, Requests: 10, Concurrency: 10}, numbers.Cut{Bursts: 1, Requests: 8}},
		"one whose requests have all been due": {config.Burst{Rate: 10, Requests: 10, Concurrency: 10}, numbers.Cut{}},
		"one of which all wait":                {config.Burst{Rate: 10, Requests: 10, Concurrency: 1}, numbers.Cut{Bursts: 1, Requests: 0}},
		"a ramp":                               {config.Burst{Concurrency: 10, Stages: []config.Stage{{Duration: 10 * time.Second, Rate: 2}}}, numbers.Cut{Bursts: 1, Requests: 9}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig(c.burst)
				cfg.Timeout = time.Minute
				tally := fireUntil(testTarget(cfg, newFakeEngine(takes(3*time.Second))), 1500*time.Millisecond, errReload)
				assertConserved(t, tally)
				assert.Equal(t, c.want, tally.Cuts[load.DropReload])
				assert.Equal(t, c.want.Bursts > 0, tally.LastSuccess.IsZero())
				assert.Zero(t, tally.Cuts[load.DropShutdown].Bursts+tally.Cuts[load.DropBreaker].Bursts)
			})
		})
	}
}

func TestTheBreakerCutsABurstAtTheMomentItOpens(t *testing.T) {
	for name, burst := range map[string]config.Burst{
		"closed": {Requests: 100, Concurrency: 2},
		"open":   {Rate: 10, Requests: 100, Concurrency: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newFakeEngine(func(k int) (time.Duration, int) {
					if k == 1 {
						return time.Minute, 500 // and is in flight for long when the breaker opens
					}
					return 100 * time.Millisecond, 500
				})
				cfg := testConfig(burst)
				cfg.Timeout = time.Hour
				cfg.Breaker = &config.Breaker{After: 5, For: time.Minute}
				target := testTarget(cfg, e)
				c := fireOnce(t, target)
				assert.EqualValues(t, 6, c.ByCode[errcode.FromStatus(500)].Count())
				assert.EqualValues(t, 1, c.Cuts[load.DropBreaker].Bursts)
				assert.EqualValues(t, 100, c.Scheduled+c.Cuts[load.DropBreaker].Requests)
				assert.Less(t, c.Scheduled, uint64(20))
				target.fire(t.Context(), context.Background(), 1)
				assert.EqualValues(t, 1, target.recorder.Snapshot(numbers.WithEverything).Cuts[load.DropBreaker].Bursts, "one request is all of the next")
			})
		})
	}
}
