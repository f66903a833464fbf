package prober

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// runFor runs the target for d of the bubble's time.
func runFor(t *testing.T, target *target, d time.Duration) {
	t.Helper()
	schedule, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	target.run(schedule, context.Background())
}

func TestBurstsStartAtEachSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(10 * time.Millisecond))
		target := testTarget(testConfig(config.Burst{Requests: 1}), e)
		runFor(t, target, time.Hour)
		assert.Equal(t, 120, e.count())
		for k := 1; k < len(e.starts); k++ {
			assert.Equal(t, 30*time.Second, e.starts[k].Sub(e.starts[k-1]))
		}
		c := target.recorder.Snapshot(numbers.WithEverything)
		assert.EqualValues(t, 120, c.Bursts)
		assert.Zero(t, c.Skipped)
	})
}

func TestSlotDuringABurstIsSkippedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(time.Second))
		cfg := testConfig(config.Burst{Requests: 45, Concurrency: 1})
		cfg.Timeout = time.Minute
		target := testTarget(cfg, e)
		runFor(t, target, time.Hour)
		c := conserved(t, target.recorder)
		assert.EqualValues(t, 60, c.Bursts, "bursts of 45 s take every other slot")
		assert.InDelta(t, 60, c.Skipped[load.SkipOverrun], 1)
	})
}

func TestReplicasStartTogetherWithoutTalking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(config.Burst{Requests: 1})
		first, second := newFakeEngine(takes(0)), newFakeEngine(takes(0))
		var replicas sync.WaitGroup
		replicas.Go(func() { runFor(t, testTarget(cfg, first), 10*time.Minute) })
		time.Sleep(7 * time.Second)
		replicas.Go(func() { runFor(t, testTarget(cfg, second), 10*time.Minute) })
		replicas.Wait()
		assert.Len(t, second.starts, 20)
		assert.Equal(t, second.starts, first.starts[len(first.starts)-20:])
	})
}

// asleep makes the target wake up too late by so much after its k-th slot, like a
// process that is stopped meanwhile.
func asleep(target *target, k int, by time.Duration) {
	woken := 0
	target.sleep = func(ctx context.Context, d time.Duration) bool {
		woken++
		if woken == k {
			d += by
		}
		return sleep(ctx, d)
	}
}

func TestSlotsThatPassWhileTheProcessSleepsAreCountedAsLate(t *testing.T) {
	for name, c := range map[string]struct {
		by            time.Duration
		missed, fired int
		lag           time.Duration
	}{
		"a little late":      {100 * time.Millisecond, 0, 120, 0},
		"a part of a slot":   {10 * time.Second, 0, 120, 10 * time.Second},
		"three slots and so": {95 * time.Second, 3, 117, 5 * time.Second},
		"whole slots":        {60 * time.Second, 2, 118, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newFakeEngine(takes(10 * time.Millisecond))
				target := testTarget(testConfig(config.Burst{Requests: 1}), e)
				asleep(target, 50, c.by)
				runFor(t, target, time.Hour)
				assert.Equal(t, c.fired, e.count())
				first := e.starts[0]
				last := e.starts[len(e.starts)-1]
				assert.Zero(t, last.Sub(first)%(30*time.Second), "the slots are where they were")
				tally := target.recorder.Snapshot(numbers.WithEverything)
				assert.Equal(t, numbers.Skips{load.SkipLate: uint64(c.missed)}, tally.Skipped)
				assert.Equal(t, c.lag, tally.Lag.Sum())
				assert.EqualValues(t, c.fired+c.missed, tally.Bursts+tally.Skipped[load.SkipLate])
			})
		})
	}
}

func TestSlotsThatPassWhileTheMachineIsSuspendedAreCountedAsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(10 * time.Millisecond))
		target := testTarget(testConfig(config.Burst{Requests: 1}), e)
		var suspended atomic.Int64 // the monotonic clock stands still meanwhile
		target.boot = func() probe.Instant { return probe.Now().Add(time.Duration(suspended.Load())) }
		target.wall = func() time.Time { return time.Now().Add(time.Duration(suspended.Load())) }
		time.AfterFunc(10*time.Minute, func() { suspended.Store(int64(8 * time.Hour)) })
		runFor(t, target, time.Hour)
		c := target.recorder.Snapshot(numbers.WithEverything)
		assert.EqualValues(t, 8*time.Hour/(30*time.Second), c.Skipped[load.SkipLate])
		assert.Zero(t, c.Skipped[load.SkipOverrun])
		assert.EqualValues(t, 120, c.Bursts)
	})
}

// The length of a burst without the freeze in it decides.
func TestSlotsMissedInABurstAreSharedOutByWhoseTimeItWas(t *testing.T) {
	for name, c := range map[string]struct {
		takes, frozen time.Duration
		overrun, late uint64
	}{
		"the target is slow":      {75 * time.Second, 0, 2, 0},
		"the process was frozen":  {75 * time.Second, 60 * time.Second, 0, 2},
		"first one, then another": {75 * time.Second, 40 * time.Second, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newFakeEngine(takes(c.takes))
				cfg := testConfig(config.Burst{Requests: 1})
				cfg.Timeout = time.Hour
				target := testTarget(cfg, e)
				target.watch = &watch{}
				e.serve = func(int) (time.Duration, int) {
					if c.frozen > 0 {
						target.watch.mu.Lock()
						defer target.watch.mu.Unlock()
						now := probe.Now()
						target.watch.note(freeze{now, now.Add(c.frozen)})
					}
					return c.takes, 200
				}
				wait := load.NewSlots(cfg.Name, cfg.Interval).First(time.Now())
				runFor(t, target, wait+time.Second)
				assert.Equal(t, numbers.Skips{load.SkipOverrun: c.overrun, load.SkipLate: c.late}, target.recorder.Snapshot(numbers.WithEverything).Skipped)
			})
		})
	}
}
