package prober

import (
	"context"
	"sync"
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

// scarceEngine has so many connections for the requests of all targets that share it.
type scarceEngine struct {
	*fakeEngine

	mu       sync.Mutex
	free     int
	asked    int
	reserved map[*probe.Result]bool
}

func newScarceEngine(free int, serve func(k int) (time.Duration, int)) *scarceEngine {
	return &scarceEngine{fakeEngine: newFakeEngine(serve), free: free, reserved: map[*probe.Result]bool{}}
}

func (e *scarceEngine) Reserve(r *probe.Result) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked++
	if e.free == 0 {
		return false
	}
	e.free--
	e.reserved[r] = true
	return true
}

func (e *scarceEngine) Unreserve(r *probe.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reserved[r] {
		delete(e.reserved, r)
		e.free++
	}
}

func (e *scarceEngine) Shares() bool { return false }

// scarce returns a target whose requests share the connections of e.
func scarce(burst config.Burst, l *load.Limiter, e *scarceEngine) *target {
	t := testTarget(testConfig(burst), e)
	t.limiter, t.current.Load().reserver = l, e
	return t
}

func dropped(c numbers.Snapshot) (n uint64) {
	for _, d := range c.Dropped {
		n += d
	}
	return n
}

func TestAClosedBurstWaitsForConnectionsAndDropsNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		burst config.Burst
		sent  int
		takes time.Duration
	}{
		"requests":              {config.Burst{Requests: 30, Concurrency: 10}, 30, 10 * 300 * time.Millisecond},
		"duration":              {config.Burst{Duration: time.Second, Concurrency: 10}, 12, 1200 * time.Millisecond},
		"requests and duration": {config.Burst{Requests: 30, Duration: time.Second, Concurrency: 10}, 12, 1200 * time.Millisecond},
		"longer than a timeout": {config.Burst{Requests: 30, Concurrency: 30}, 30, 10 * 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newScarceEngine(3, takes(300*time.Millisecond))
				target := scarce(tt.burst, load.NewLimiter(Limits{Connections: 3}), e)
				began := time.Now()
				target.fire(t.Context(), context.Background(), 0)
				assert.Equal(t, tt.takes, time.Since(began))
				c := conserved(t, target.recorder)
				assert.EqualValues(t, tt.sent, c.Scheduled, "no request is made up")
				assert.EqualValues(t, tt.sent, c.ByCode[errcode.OK].Count())
				assert.Zero(t, dropped(c))
				assert.LessOrEqual(t, e.most, 3)
				assert.Equal(t, 300*time.Millisecond*time.Duration(tt.sent), c.ByCode[errcode.OK].Sum(), "waiting is not the target's latency")
				assert.Less(t, e.asked, 10*tt.sent, "nobody asks again and again")
				assert.Equal(t, 3, e.free)
				assert.Zero(t, target.limiter.Holding())
			})
		})
	}
}

func TestAnArrivalWaitsForAConnectionWithinItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newScarceEngine(1, takes(400*time.Millisecond))
		target := scarce(config.Burst{Rate: 10, Duration: 2 * time.Second, Concurrency: 4}, load.NewLimiter(Limits{Connections: 1}), e)
		c := fireOnce(t, target)
		assert.EqualValues(t, 20, c.Scheduled)
		assert.Equal(t, 1, e.most)
		assert.GreaterOrEqual(t, e.count(), 5, "the connection is in use all the time")
		assert.EqualValues(t, 20-e.count(), c.Dropped[load.DropLimitConnections], "also of those for whom every worker waited")
		assert.EqualValues(t, 20-e.count(), dropped(c))
		for i, start := range e.starts {
			assert.Less(t, start.Sub(e.dues[i]), time.Second)
		}
		assert.Less(t, e.asked, 200)
		assert.Zero(t, target.limiter.Holding())
	})
}

// refusedEngine has no connection for any request, and for some after a redirect.
type refusedEngine struct {
	noEngine
	hops []probe.Hop
}

func (e *refusedEngine) Do(_ context.Context, r *probe.Result) {
	r.HTTP = &probe.HTTP{Hops: e.hops}
	r.Err = &errcode.PhaseError{Phase: errcode.PhaseQueue, Err: probe.ErrConnectionLimit}
	r.End = probe.Now()
}

func (*refusedEngine) Code(r *probe.Result) errcode.Code { return codeOf(r, 0) }

func (*refusedEngine) CloseIdle() {}

func TestARequestIsDroppedOnlyIfNothingOfItWasSent(t *testing.T) {
	for name, hops := range map[string][]probe.Hop{
		"not sent":   nil,
		"redirected": {{Status: 307, Version: probe.HTTP11, Opened: true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &refusedEngine{hops: hops}
				target := testTarget(testConfig(config.Burst{Requests: 3, Concurrency: 1}), e)
				target.limiter = load.NewLimiter(Limits{Connections: 1})
				c := fireOnce(t, target)
				assert.EqualValues(t, 3, c.Scheduled)
				sent := uint64(3 * len(hops))
				assert.Equal(t, 3-sent, c.Dropped[load.DropLimitConnections])
				assert.Equal(t, sent, c.Opened)
				assert.Equal(t, sent, responses(c, 307, "1.1"))
				assert.Equal(t, sent, failed(c, errcode.LocalResources, errcode.PhaseQueue))
			})
		})
	}
}

func TestWaitingForTheRateEndsWithTheBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(time.Millisecond))
		target := testTarget(testConfig(config.Burst{Requests: 15, Duration: time.Second, Concurrency: 10}), e)
		target.limiter = load.NewLimiter(Limits{Rate: 0.5})
		began := time.Now()
		target.fire(t.Context(), context.Background(), 0)
		assert.Equal(t, time.Second, time.Since(began))
		assert.Equal(t, 1, e.count())
		assert.Zero(t, target.limiter.Holding())
	})
}

func TestWaitingEndsWhenTheBreakerOpens(t *testing.T) {
	for name, burst := range map[string]config.Burst{
		"closed": {Requests: 100, Concurrency: 10},
		"open":   {Rate: 100, Duration: 500 * time.Millisecond, Concurrency: 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newScarceEngine(1, func(int) (time.Duration, int) { return 100 * time.Millisecond, 503 })
				target := scarce(burst, load.NewLimiter(Limits{Connections: 1}), e)
				cfg := target.current.Load().cfg
				cfg.Breaker = &config.Breaker{After: 2, For: time.Minute}
				target.recorder.Adopt(breakerOf(cfg), cfg.Timeout)
				began := time.Now()
				target.fire(t.Context(), context.Background(), 0)
				assert.LessOrEqual(t, time.Since(began), 300*time.Millisecond)
				assert.LessOrEqual(t, e.count(), 3)
				c := conserved(t, target.recorder)
				assert.Equal(t, c.Dropped[load.DropBreaker], dropped(c))
				assert.Zero(t, target.limiter.Holding())
			})
		})
	}
}

func TestWaitingForOneCeilingHoldsNothingOfAnother(t *testing.T) {
	for name, limits := range map[string]Limits{
		"the rate":    {Rate: 1, InFlight: 1},
		"connections": {Connections: 1, InFlight: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shared := load.NewLimiter(limits)
				slow := newScarceEngine(1, takes(900*time.Millisecond))
				waits := scarce(config.Burst{Requests: 5, Concurrency: 5}, shared, slow)
				var bursts sync.WaitGroup
				bursts.Go(func() { waits.fire(t.Context(), context.Background(), 0) })
				time.Sleep(950 * time.Millisecond)
				inFlight, _ := shared.InUse()
				if limits.Rate > 0 {
					assert.Zero(t, inFlight, "four wait for the rate")
				} else {
					assert.InDelta(t, 1, inFlight, 0, "three wait for the connection")
					other := newFakeEngine(takes(time.Millisecond))
					quick := testTarget(testConfig(config.Burst{Requests: 20, Concurrency: 1}), other)
					quick.limiter = shared
					began := time.Now()
					quick.fire(t.Context(), context.Background(), 0)
					assert.Equal(t, 20*time.Millisecond, time.Since(began))
				}
				bursts.Wait()
				assert.Equal(t, 5, slow.count())
				assert.Zero(t, shared.Holding())
			})
		})
	}
}

func TestAClosedBurstAtACeilingLeavesOpenOnesTheirTurn(t *testing.T) {
	for name, tt := range map[string]struct {
		limits Limits
		reason load.DropReason
	}{
		"rate":      {Limits{Rate: 10}, load.DropLimitRate},
		"in flight": {Limits{InFlight: 1}, load.DropLimitInFlight},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shared := load.NewLimiter(tt.limits)
				greedy, modest := newFakeEngine(takes(100*time.Millisecond)), newFakeEngine(takes(100*time.Millisecond))
				hog := testTarget(testConfig(config.Burst{Duration: 10 * time.Second, Concurrency: 4}), greedy)
				open := testTarget(testConfig(config.Burst{Rate: 20, Duration: 10 * time.Second, Concurrency: 4}), modest)
				hog.limiter, open.limiter = shared, shared
				var bursts sync.WaitGroup
				bursts.Go(func() { hog.fire(t.Context(), context.Background(), 0) })
				bursts.Go(func() { open.fire(t.Context(), context.Background(), 0) })
				bursts.Wait()
				assert.Greater(t, greedy.count(), 30)
				c := conserved(t, open.recorder)
				assert.EqualValues(t, 200, c.Scheduled)
				assert.Greater(t, modest.count(), 30)
				assert.EqualValues(t, 200-modest.count(), c.Dropped[tt.reason])
				assert.Zero(t, shared.Holding())
			})
		})
	}
}
