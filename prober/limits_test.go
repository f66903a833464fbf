package prober

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/transport"
)

func TestWindowNeverAdmitsMoreThanItsRateInAnySecond(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.3, 1, 2.5, 7, 100, 1234} {
		random := rand.New(rand.NewPCG(1, uint64(rate)))
		w := newWindow(rate)
		var admitted []transport.Instant
		now := transport.Instant(1)
		for range 20000 {
			// Lulls and crowds: mostly next to nothing passes between two tries.
			step := random.ExpFloat64() / rate / 10
			if random.IntN(100) == 0 {
				step = 3 * random.Float64()
			}
			now = now.Add(time.Duration(step * float64(time.Second)))
			if w.take(now) == 0 {
				admitted = append(admitted, now)
			}
		}
		most := max(1, int(rate))
		for i := most; i < len(admitted); i++ {
			require.GreaterOrEqual(t, admitted[i].Sub(admitted[i-most]), w.length, "rate %g", rate)
		}
		require.Greater(t, len(admitted), most, "rate %g", rate)
	}
}

func TestWindowSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	w := newWindow(2)
	assert.Zero(t, w.take(1))
	assert.Zero(t, w.take(transport.Instant(100*time.Millisecond)))
	assert.Equal(t, 2, w.used(transport.Instant(100*time.Millisecond)))
	wait := w.take(transport.Instant(400 * time.Millisecond))
	assert.InDelta(t, 600*time.Millisecond, wait, 1)
	assert.Zero(t, w.take(transport.Instant(400*time.Millisecond).Add(wait)))
	assert.Zero(t, newWindow(0).take(1), "no ceiling")
}

func TestOpenBurstAboveACeilingDropsWithTheReason(t *testing.T) {
	for name, tt := range map[string]struct {
		limits Limits
		reason dropReason
		sent   int
	}{
		"rate":      {Limits{Rate: 10}, dropLimitRate, 20},
		"in flight": {Limits{InFlight: 3}, dropLimitInFlight, 21}, // 3 at a time, each 300 ms
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newFakeEngine(takes(299 * time.Millisecond))
				target := testTarget(testConfig(config.Burst{Rate: 100, Duration: 2 * time.Second, Concurrency: 100}), e)
				target.limiter = newLimiter(tt.limits)
				target.fire(t.Context(), context.Background(), 0)
				c := target.recorder.snapshot()
				assertConserved(t, c)
				assert.EqualValues(t, 200, c.scheduled, "what is held back was due all the same")
				assert.Equal(t, tt.sent, e.count())
				assert.EqualValues(t, 200-tt.sent, c.dropped[tt.reason])
				assert.Zero(t, target.limiter.inFlight.Used())
			})
		})
	}
}

func TestClosedBurstKeepsToTheCeilingsAndDropsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(10 * time.Millisecond))
		target := testTarget(testConfig(config.Burst{Requests: 50, Concurrency: 20}), e)
		target.limiter = newLimiter(Limits{Rate: 10, InFlight: 4})
		target.fire(t.Context(), context.Background(), 0)
		assert.Equal(t, 50, e.count())
		assert.LessOrEqual(t, e.most, 4)
		for i := 10; i < len(e.starts); i++ {
			assert.GreaterOrEqual(t, e.starts[i].Sub(e.starts[i-10]), time.Second)
		}
		c := target.recorder.snapshot()
		assertConserved(t, c)
		assert.EqualValues(t, 50, c.codes[errcode.OK].count)
		assert.Less(t, c.codes[errcode.OK].sum, time.Second, "waiting for a ceiling is not the target's latency")
	})
}

func TestCeilingsBindAllTargetsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newLimiter(Limits{Rate: 30})
		var starts []transport.Instant
		var bursts sync.WaitGroup
		engines := make([]*fakeEngine, 5)
		for i := range engines {
			engines[i] = newFakeEngine(takes(time.Millisecond))
			target := testTarget(testConfig(config.Burst{Rate: 50, Duration: 3 * time.Second}), engines[i])
			target.limiter = shared
			bursts.Go(func() { target.fire(t.Context(), context.Background(), 0) })
		}
		bursts.Wait()
		for _, e := range engines {
			starts = append(starts, e.starts...)
		}
		slices.Sort(starts)
		assert.Len(t, starts, 90)
		for i := 30; i < len(starts); i++ {
			require.GreaterOrEqual(t, starts[i].Sub(starts[i-30]), time.Second)
		}
	})
}

func TestCeilingOfConnectionsHoldsBackAndIsNoFailure(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := NewManager(Options{Log: newTestManager(t).log, Metrics: config.Metrics{Buckets: testBuckets}, Limits: Limits{Connections: 1}})
	first, second := s.target("first"), s.target("second")
	apply(t, m, first)
	awaitRequests(t, m, "first", 1)
	apply(t, m, first, second)
	require.Eventually(t, func() bool { return tallyOf(m, "second").dropped[dropLimitConnections] >= 2 }, patience, time.Millisecond)
	assert.Zero(t, tallyOf(m, "second").codes[errcode.OK].count)
	assert.EqualValues(t, 1, s.connections.Load())
	apply(t, m, second)
	awaitRequests(t, m, "second", 1) // once the first has let go of its connection
	m.Shutdown(t.Context())
	assert.Zero(t, m.limiter.connections.Used())
	assertConserved(t, tallyOf(m, "second"))
}

func TestMoreTargetsThanTheCeilingChangeNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := NewManager(Options{Log: newTestManager(t).log, Limits: Limits{Targets: 1}})
	err := m.Apply(&config.Config{Targets: []config.Target{s.target("a"), s.target("b")}})
	require.ErrorContains(t, err, "2 targets, and --limit.targets=1")
	assert.Empty(t, m.Targets())
}

func TestDemandNamesEveryCeilingThatIsPassed(t *testing.T) {
	t.Parallel()
	open := testConfig(config.Burst{Rate: 100, Duration: 10 * time.Second, Concurrency: 30})
	closed := testConfig(config.Burst{Requests: 60, Concurrency: 7})
	closed.Name = "closed"
	d := DemandOf(&config.Config{Targets: []config.Target{open, closed}, Metrics: config.Metrics{Buckets: testBuckets}}, Shard{})
	assert.Equal(t, 2, d.Targets)
	assert.InDelta(t, 1000.0/30+60.0/30, d.AverageRate, 1e-9)
	assert.InDelta(t, 100, d.PeakRate, 1e-9)
	assert.Equal(t, 37, d.InFlight)
	assert.Equal(t, 37, d.Connections)
	require.NoError(t, d.Exceeds(Limits{}))
	require.NoError(t, d.Exceeds(Limits{Rate: 100, InFlight: 37, Connections: 37, Targets: 2}))
	err := d.Exceeds(Limits{Rate: 99, InFlight: 36, Connections: 36, Targets: 1})
	for _, flag := range []string{"--limit.rate", "--limit.in-flight", "--limit.connections", "--limit.targets"} {
		require.ErrorContains(t, err, flag)
	}
}
