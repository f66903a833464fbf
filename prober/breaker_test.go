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
		assertConserved(t, target.recorder.Snapshot(numbers.WithEverything))
	})
}

func TestBreakerEndsAnOpenBurstAndDropsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(func(int) (time.Duration, int) { return 100 * time.Millisecond, 500 })
		cfg := testConfig(config.Burst{Rate: 100, Duration: 10 * time.Second, Concurrency: 2})
		cfg.Breaker = &config.Breaker{After: 6, For: time.Minute}
		target := testTarget(cfg, e)
		target.fire(t.Context(), context.Background(), 0)
		c := target.recorder.Snapshot(numbers.WithEverything)
		assertConserved(t, c)
		assert.EqualValues(t, e.count(), c.ByCode[errcode.FromStatus(500)].Count())
		assert.LessOrEqual(t, e.count(), 7)
		assert.Positive(t, c.Dropped[load.DropBreaker])
		assert.True(t, c.BreakerOpen)
	})
}
