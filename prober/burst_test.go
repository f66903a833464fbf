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
	"example.com/prober/prober/probe"
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
		c := conserved(t, target.recorder)
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
		c := fireOnce(t, target)
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
			c := conserved(t, target.recorder)
			assert.LessOrEqual(t, c.Waiting, uint64(10), "what waits is bounded by the timeout")
			assert.LessOrEqual(t, c.InFlight, uint64(2), "never more in flight than concurrency")
		}
		<-done
		c := target.recorder.Snapshot(numbers.WithEverything)
		assert.EqualValues(t, 50, c.Scheduled)
		assert.EqualValues(t, 10, c.ByCode[errcode.RequestTimeout].Count(), "two in each second, with all of their time")
		assert.EqualValues(t, e.count()-10, c.ByCode[errcode.QueueTimeout].Count())
		assert.EqualValues(t, 50-e.count(), c.Dropped[load.DropTimeout]+c.Dropped[load.DropNoWorker])
		assert.Zero(t, c.Waiting)
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
		assert.EqualValues(t, 20, c.Waiting)
		assert.EqualValues(t, 1, c.InFlight)
		<-done
		conserved(t, target.recorder)
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
		c := conserved(t, target.recorder)
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
		conserved(t, target.recorder)
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

				c := conserved(t, target.recorder)
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

func TestBreakerThinsBurstsUntilOneSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing := true
		e := newFakeEngine(func(int) (time.Duration, int) {
			if failing {
				return time.Millisecond, 503
			}
			return time.Millisecond, 200
		})
		cfg := testConfig(config.Burst{Requests: 100, Concurrency: 1})
		cfg.Breaker = &config.Breaker{After: 5, For: time.Minute}
		target := testTarget(cfg, e)
		fire := func() int {
			before := e.count()
			target.fire(t.Context(), context.Background(), 0)
			time.Sleep(25 * time.Second)
			return e.count() - before
		}
		assert.Equal(t, 5, fire(), "it opens within the burst and ends it")
		assert.True(t, target.recorder.BreakerOpen())
		assert.Equal(t, 1, fire(), "then a burst is one request")
		failing = false
		assert.Equal(t, 1, fire(), "a success before its time does not close it")
		assert.True(t, target.recorder.BreakerOpen())
		assert.Equal(t, 1, fire(), "the next one does")
		assert.False(t, target.recorder.BreakerOpen())
		assert.Equal(t, 100, fire())
		conserved(t, target.recorder)
	})
}

func TestBreakerEndsAnOpenBurstAndDropsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(func(int) (time.Duration, int) { return 100 * time.Millisecond, 500 })
		cfg := testConfig(config.Burst{Rate: 100, Duration: 10 * time.Second, Concurrency: 2})
		cfg.Breaker = &config.Breaker{After: 6, For: time.Minute}
		target := testTarget(cfg, e)
		c := fireOnce(t, target)
		assert.EqualValues(t, e.count(), c.ByCode[errcode.FromStatus(500)].Count())
		assert.LessOrEqual(t, e.count(), 7)
		assert.Positive(t, c.Dropped[load.DropBreaker])
		assert.True(t, c.BreakerOpen)
	})
}

func TestShardsOfAClosedBurstSendItsRequestsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, burst := range []config.Burst{{Requests: 101, Concurrency: 10}, {Requests: 3, Concurrency: 50}, {Requests: 64, Concurrency: 1}} {
			for _, total := range []int{1, 2, 7, 64} {
				sent := 0
				for ordinal := range total {
					e := newFakeEngine(takes(time.Millisecond))
					cfg := testConfig(burst)
					cfg.Sharding = config.ShardLoad
					target := testTarget(cfg, e)
					target.part = (Shard{Ordinal: ordinal, Total: total}).Part(&target.load)
					target.fire(t.Context(), context.Background(), 0)
					sent += e.count()
				}
				assert.Equal(t, burst.Requests, sent, "%d shards", total)
			}
		}
	})
}

func TestShardsOfAnOpenBurstFireAtTheSameMomentsAsOneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fire := func(s Shard) []probe.Instant {
			e := newFakeEngine(takes(time.Millisecond))
			cfg := testConfig(config.Burst{Rate: 100, Duration: time.Second, Arrival: config.ArrivalPoisson})
			cfg.Sharding = config.ShardLoad
			target := testTarget(cfg, e)
			target.part = s.Part(&target.load)
			start := probe.Now()
			target.fire(t.Context(), context.Background(), 5)
			for i := range e.dues {
				e.dues[i] -= start
			}
			return e.dues
		}
		var union []probe.Instant
		for ordinal := range 3 {
			union = append(union, fire(Shard{Ordinal: ordinal, Total: 3})...)
		}
		assert.ElementsMatch(t, fire(Shard{}), union)
	})
}
