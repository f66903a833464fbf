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

func TestOpenBurstStartsEveryArrivalWhenItIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(245 * time.Millisecond))
		target := testTarget(testConfig(config.Burst{Rate: 100, Duration: 2 * time.Second, Concurrency: 50}), e)
		target.fire(t.Context(), context.Background(), 0)

		assert.Equal(t, 200, e.count())
		for k, start := range e.starts {
			assert.Equal(t, time.Duration(k)*10*time.Millisecond, start.Sub(e.starts[0]), "arrival %d", k)
			assert.Equal(t, start, e.dues[k])
		}
		c := target.recorder.Snapshot(numbers.WithEverything)
		assertConserved(t, c)
		assert.EqualValues(t, 200, c.ByCode[errcode.OK].Count())
		assert.EqualValues(t, 25, c.PeakInFlight, "those due within 245 ms at 100 per second")
		assert.EqualValues(t, 200, c.Lag.Count())
		assert.Zero(t, c.Lag.Sum())
	})
}

func TestStalledTargetCannotHideItsStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stallEnds := time.Now().Add(500 * time.Millisecond)
		e := newFakeEngine(func(int) (time.Duration, int) { return max(time.Until(stallEnds), 0) + time.Millisecond, 200 })
		target := testTarget(testConfig(config.Burst{Rate: 1000, Duration: time.Second, Concurrency: 2}), e)
		target.fire(t.Context(), context.Background(), 0)

		c := target.recorder.Snapshot(numbers.WithEverything)
		assertConserved(t, c)
		assert.EqualValues(t, 1000, c.ByCode[errcode.OK].Count(), "two workers can catch up within the burst")
		// The arrivals during the stall waited for its end, half of it on average.
		assert.Greater(t, c.ByCode[errcode.OK].Sum(), 500*250*time.Millisecond)
		assert.Less(t, c.Lag.Sum(), time.Second, "waiting for the target is not the prober's lateness")
	})
}

func TestArrivalsThatCannotStartInTimeAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(time.Hour)) // until the timeout of 1 s
		target := testTarget(testConfig(config.Burst{Rate: 10, Duration: 5 * time.Second, Concurrency: 2}), e)
		done := make(chan struct{})
		go func() {
			defer close(done)
			target.fire(t.Context(), context.Background(), 0)
		}()
		for range 70 {
			time.Sleep(100 * time.Millisecond)
			c := target.recorder.Snapshot(numbers.WithEverything)
			assertConserved(t, c)
			assert.LessOrEqual(t, c.InFlight, uint64(12), "what waits is bounded by the timeout")
		}
		<-done
		c := target.recorder.Snapshot(numbers.WithEverything)
		assert.EqualValues(t, 50, c.Scheduled)
		assert.EqualValues(t, e.count(), c.ByCode[errcode.RequestTimeout].Count())
		assert.EqualValues(t, 50-e.count(), c.Dropped[load.DropTimeout])
		assert.Zero(t, c.InFlight)
		assert.Equal(t, 2, e.most, "never more in flight than concurrency")
	})
}

func TestArrivalsCountAsScheduledThoughEveryWorkerIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(900 * time.Millisecond))
		target := testTarget(testConfig(config.Burst{Rate: 100, Requests: 50, Concurrency: 1}), e)
		done := make(chan struct{})
		go func() {
			defer close(done)
			target.fire(t.Context(), context.Background(), 0)
		}()
		time.Sleep(205 * time.Millisecond)
		c := target.recorder.Snapshot(numbers.WithEverything)
		assert.EqualValues(t, 21, c.Scheduled)
		assert.EqualValues(t, 21, c.InFlight)
		<-done
		assertConserved(t, target.recorder.Snapshot(numbers.WithEverything))
	})
}

func TestClosedBurstSendsItsRequestsWithConcurrencyWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(10 * time.Millisecond))
		target := testTarget(testConfig(config.Burst{Requests: 95, Concurrency: 10}), e)
		start := time.Now()
		target.fire(t.Context(), context.Background(), 0)
		assert.Equal(t, 95, e.count())
		assert.Equal(t, 10, e.most)
		assert.Equal(t, 100*time.Millisecond, time.Since(start))
		c := target.recorder.Snapshot(numbers.WithEverything)
		assertConserved(t, c)
		assert.EqualValues(t, 10, c.PeakInFlight)
		assert.Zero(t, c.Lag.Count(), "a closed burst has no schedule to lag behind")
	})
}

func TestClosedBurstEndsWithItsDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(300 * time.Millisecond))
		target := testTarget(testConfig(config.Burst{Duration: time.Second, Concurrency: 3}), e)
		target.fire(t.Context(), context.Background(), 0)
		assert.Equal(t, 12, e.count(), "those started at 0, 300, 600 and 900 ms")
		assertConserved(t, target.recorder.Snapshot(numbers.WithEverything))
	})
}

func TestEndOfTheScheduleLetsRequestsInFlightEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		cause  error
		reason load.DropReason
	}{
		"shutdown": {nil, load.DropShutdown},
		"reload":   {errReload, load.DropReload},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newFakeEngine(takes(400 * time.Millisecond))
				target := testTarget(testConfig(config.Burst{Rate: 100, Duration: 10 * time.Second, Concurrency: 4}), e)
				schedule, stop := context.WithCancelCause(context.Background())
				time.AfterFunc(205*time.Millisecond, func() { stop(tt.cause) })
				target.fire(schedule, context.Background(), 0)

				c := target.recorder.Snapshot(numbers.WithEverything)
				assertConserved(t, c)
				assert.EqualValues(t, 4, c.ByCode[errcode.OK].Count(), "those in flight")
				assert.Positive(t, c.Dropped[tt.reason])
				assert.Zero(t, c.InFlight)
				assert.Less(t, c.Scheduled, uint64(100), "arrivals not yet due were never scheduled")
			})
		})
	}
}

func TestReuseWithinABurstClosesConnectionsAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for reuse, closed := range map[config.Reuse]int{config.ReuseBurst: 1, config.ReuseAlways: 0} {
			e := newFakeEngine(takes(time.Millisecond))
			cfg := testConfig(config.Burst{Requests: 5})
			cfg.Connection.Reuse = reuse
			testTarget(cfg, e).fire(t.Context(), context.Background(), 0)
			assert.Equal(t, closed, e.closed, reuse)
		}
	})
}
