package prober

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/prober/transport"
)

func resultWithStatus(status int) *transport.Result { return &transport.Result{Status: status} }

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
		c := target.recorder.snapshot()
		assert.EqualValues(t, 120, c.bursts)
		assert.Zero(t, c.skipped)
	})
}

func TestSlotDuringABurstIsSkippedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(time.Second))
		cfg := testConfig(config.Burst{Requests: 45, Concurrency: 1})
		cfg.Timeout = time.Minute
		target := testTarget(cfg, e)
		runFor(t, target, time.Hour)
		c := target.recorder.snapshot()
		assertConserved(t, c)
		assert.EqualValues(t, 60, c.bursts, "bursts of 45 s take every other slot")
		assert.InDelta(t, 60, c.skipped, 1)
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
