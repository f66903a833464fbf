package prober

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/errcode"
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

func TestBurstWithFailuresIsOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(func(k int) (time.Duration, int) {
			return time.Millisecond, []int{200, 503, 404}[k%3]
		})
		var log bytes.Buffer
		target := testTarget(testConfig(config.Burst{Requests: 7}), e)
		target.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		runFor(t, target, 30*time.Second)
		assert.Equal(t, "level=WARN msg=\"burst had failures\" target=checkout requests=7 failed=4 codes=\"1404 http_404: 2, 1503 http_503: 2\"\n", log.String())
		c := target.recorder.snapshot()
		assert.True(t, c.lastBurstSuccess.IsZero())
		assert.EqualValues(t, 3, c.codes[errcode.OK].count)
	})
}
