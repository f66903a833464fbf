package prober

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

func TestOpenBurstAboveACeilingDropsWithTheReason(t *testing.T) {
	for name, tt := range map[string]struct {
		limits Limits
		reason load.DropReason
		sent   int
	}{
		"rate":      {Limits{Rate: 10}, load.DropLimitRate, 20},
		"in flight": {Limits{InFlight: 3}, load.DropLimitInFlight, 21}, // 3 at a time, each 300 ms
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newFakeEngine(takes(299 * time.Millisecond))
				target := testTarget(testConfig(config.Burst{Rate: 100, Duration: 2 * time.Second, Concurrency: 100}), e)
				target.limiter = load.NewLimiter(tt.limits)
				c := fireOnce(t, target)
				assert.EqualValues(t, 200, c.Scheduled, "what is held back was due all the same")
				assert.Equal(t, tt.sent, e.count())
				assert.EqualValues(t, 200-tt.sent, c.Dropped[tt.reason])
				assert.Zero(t, target.limiter.Holding())
			})
		})
	}
}

func TestClosedBurstKeepsToTheCeilingsAndDropsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(10 * time.Millisecond))
		target := testTarget(testConfig(config.Burst{Requests: 50, Concurrency: 20}), e)
		target.limiter = load.NewLimiter(Limits{Rate: 10, InFlight: 4})
		target.fire(t.Context(), context.Background(), 0)
		assert.Equal(t, 50, e.count())
		assert.LessOrEqual(t, e.most, 4)
		for i := 10; i < len(e.starts); i++ {
			assert.GreaterOrEqual(t, e.starts[i].Sub(e.starts[i-10]), time.Second)
		}
		c := conserved(t, target.recorder)
		assert.EqualValues(t, 50, c.ByCode[errcode.OK].Count())
		assert.Less(t, c.ByCode[errcode.OK].Sum(), time.Second, "waiting for a ceiling is not the target's latency")
	})
}

func TestCeilingsBindAllTargetsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := load.NewLimiter(Limits{Rate: 30})
		var starts []probe.Instant
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

func TestMoreTargetsThanTheCeilingChangeNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := NewManager(Options{Log: newTestManager(t).log, Limits: Limits{Targets: 1}})
	err := m.Apply(&config.Config{Targets: []config.Target{s.target("a"), s.target("b")}})
	require.ErrorContains(t, err, "2 targets, but --limit.targets=1")
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
	require.Error(t, d.Exceeds(Limits{Rate: 99.9}), "no second sees a part of a request")
	err := d.Exceeds(Limits{Rate: 99, InFlight: 36, Connections: 36, Targets: 1})
	for _, flag := range []string{"--limit.rate", "--limit.in-flight", "--limit.connections", "--limit.targets"} {
		require.ErrorContains(t, err, flag)
	}
}

func TestEachHopTakesItsPartOfTheRate(t *testing.T) {
	t.Parallel()
	for _, version := range []option.HTTPVersion{option.OnlyHTTP11, option.H2C, option.OnlyHTTP3} {
		s := newServerOf(t, version, func(w http.ResponseWriter, q *http.Request) {
			var n int
			if _, err := fmt.Sscanf(q.URL.Path, "/%d", &n); err == nil && n < 4 {
				http.Redirect(w, q, fmt.Sprintf("/%d", n+1), http.StatusFound)
			}
		})
		cfg := s.load("chain", version, config.Burst{Requests: 2, Concurrency: 1})
		cfg.URL.Path, cfg.Request.FollowRedirects = "/1", 10
		shot, err := NewShot(limited(Limits{Rate: 6, RateSpan: time.Hour, InFlight: 1}), cfg, policy.Rules{})
		require.NoError(t, err)
		l := shot.target.limiter
		requests, cancel := context.WithCancel(t.Context())
		fired := make(chan struct{})
		go func() {
			defer close(fired)
			shot.Fire(t.Context(), requests)
		}()
		require.Eventually(t, func() bool { return l.Holding().Hops == 1 }, patience, time.Millisecond)
		cancel()
		<-fired
		assert.EqualValues(t, 6, s.Requests(), "four of the first chain, two of the second")
		c := conserved(t, shot.entry.recorder)
		assert.EqualValues(t, 1, c.ByCode[errcode.OK].Count())
		require.Contains(t, c.ByCode, errcode.Cancelled)
		assert.Zero(t, dropped(c))
		assert.EqualValues(t, 5, responses(c, 302, map[option.HTTPVersion]string{option.OnlyHTTP11: "1.1", option.H2C: "2", option.OnlyHTTP3: "3"}[version]))
		assert.Zero(t, l.Holding())
	}
}
