package prober

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/compare"
	"example.com/prober/config"
	"example.com/prober/prober/probe"
)

// fireRivals fires two bursts in turn and returns them with their engines.
func fireRivals(ctx context.Context, b config.Burst, old, add *fakeEngine) []*Shot {
	shots := []*Shot{testShot(testConfig(b), old), testShot(testConfig(b), add)}
	fireInTurn(shots)
	var both sync.WaitGroup
	for _, s := range shots {
		both.Go(func() { s.Fire(ctx, context.Background()) })
	}
	both.Wait()
	return shots
}

func TestRivalsOfAClosedBurstStartTheirRequestsInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, fast := newFakeEngine(takes(50*time.Millisecond)), newFakeEngine(takes(10*time.Millisecond))
		shots := fireRivals(t.Context(), config.Burst{Requests: 60, Concurrency: 2}, slow, fast)
		for _, s := range shots {
			r := s.Report()
			assert.EqualValues(t, 60, r.Succeeded)
		}
		require.Len(t, slow.starts, 60)
		require.Len(t, fast.starts, 60)
		for k := range 60 { // the fast side waits
			assert.LessOrEqual(t, max(slow.starts[k].Sub(fast.starts[k]), fast.starts[k].Sub(slow.starts[k])), 50*time.Millisecond, k)
		}
		fastReport := shots[1].Report()
		assert.Equal(t, 10*time.Millisecond, fastReport.Latency.Max, "what it waits is none of its latency")
	})
}

func TestRivalsOfAnOpenBurstAreDueInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, fast := newFakeEngine(takes(500*time.Millisecond)), newFakeEngine(takes(10*time.Millisecond))
		fireRivals(t.Context(), config.Burst{Rate: 10, Requests: 50, Concurrency: 10}, slow, fast)
		require.Len(t, slow.dues, 50)
		require.Len(t, fast.dues, 50)
		var firsts int
		for k := range 50 {
			apart := slow.dues[k].Sub(fast.dues[k])
			assert.Equal(t, 50*time.Millisecond, max(apart, -apart), "half of what is between two requests of a side")
			if apart < 0 {
				firsts++
			}
		}
		assert.Greater(t, firsts, 10)
		assert.Less(t, firsts, 40)
		assert.LessOrEqual(t, fast.most, 1, "the workers of the slow side are its own")
	})
}

func TestARivalGoesOnWhenTheOtherIsEndedByItsBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, good := newFakeEngine(func(int) (time.Duration, int) { return time.Millisecond, 503 }), newFakeEngine(takes(time.Millisecond))
		cfg := testConfig(config.Burst{Requests: 40, Concurrency: 1})
		breaking := cfg
		breaking.Breaker = &config.Breaker{After: 5, For: time.Hour}
		shots := []*Shot{testShot(breaking, bad), testShot(cfg, good)}
		fireInTurn(shots)
		var both sync.WaitGroup
		for _, s := range shots {
			both.Go(func() { s.Fire(t.Context(), context.Background()) })
		}
		both.Wait()
		r := shots[1].Report()
		assert.EqualValues(t, 40, r.Succeeded)
	})
}

func TestRivalsEndWithTheirSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer stop()
		start := time.Now()
		fireRivals(ctx, config.Burst{Requests: 1000, Concurrency: 1}, newFakeEngine(takes(50*time.Millisecond)), newFakeEngine(takes(time.Millisecond)))
		assert.LessOrEqual(t, time.Since(start), 300*time.Millisecond)
	})
}

func TestWhatIsComparedIsWhatTellsOfTheTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(func(k int) (time.Duration, int) {
			if k%10 == 9 {
				return 300 * time.Millisecond, 503
			}
			return 10 * time.Millisecond, 200
		})
		s := testShot(testConfig(config.Burst{Rate: 100, Duration: 3 * time.Second, Concurrency: 1}), e)
		c := compare.NewCollector(1)
		s.Collect(c, 0)
		s.Fire(t.Context(), context.Background())
		r := s.Report()
		sample := c.Samples()[0]
		assert.Equal(t, r.Failed, sample.Failed())
		assert.Equal(t, r.Succeeded+r.Failed, sample.Total())
		require.NotZero(t, s.Lost())
		assert.LessOrEqual(t, s.Lost(), r.Dropped.Total())
	})
}

func TestRivalsWhoseStartIsEndedDoNotMeet(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	r := &rival{&rivals{met: make(chan struct{})}, 0}
	before := probe.Now()
	start, slot := r.meet(ctx, 7)
	assert.GreaterOrEqual(t, start, before)
	assert.EqualValues(t, 7, slot)
}
