package prober

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// another returns a sender with an engine of its own.
func another(cfg config.Target, e probe.Engine) *sender {
	return newSender(&cfg, &compiled{engine: e})
}

func TestABurstGoesOnWithAnotherSender(t *testing.T) {
	for name, c := range map[string]struct {
		burst config.Burst
		takes time.Duration
	}{
		"open":   {config.Burst{Rate: 10, Duration: 20 * time.Second, Concurrency: 10}, 90 * time.Millisecond},
		"closed": {config.Burst{Duration: 20 * time.Second, Concurrency: 1}, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig(c.burst)
				before, after := newFakeEngine(takes(c.takes)), newFakeEngine(takes(c.takes))
				target := testTarget(cfg, before)
				used := func() (inFlight, closed int) {
					before.mu.Lock()
					defer before.mu.Unlock()
					return before.current, before.closed
				}
				time.AfterFunc(10*time.Second+50*time.Millisecond, func() {
					assert.True(t, target.adopt(another(cfg, after)))
					inFlight, closed := used()
					assert.Equal(t, []int{1, 1}, []int{inFlight, closed}, "of what is idle nothing is kept")
				})
				time.AfterFunc(11*time.Second, func() {
					inFlight, closed := used()
					assert.Equal(t, []int{0, 2}, []int{inFlight, closed}, "the last request has ended")
				})
				target.fire(t.Context(), context.Background(), 0)

				assert.Equal(t, 101, before.count())
				assert.Equal(t, 99, after.count())
				starts := append(before.starts, after.starts...) //nolint:gocritic // neither is used any more
				for k, start := range starts {
					assert.Equal(t, starts[0].Add(time.Duration(k)*100*time.Millisecond), start, "request %d", k)
				}
				assert.Equal(t, 1, max(before.most, after.most))
				tally := conserved(t, target.recorder)
				assert.EqualValues(t, 200, tally.ByCode[errcode.OK].Count())
				assert.EqualValues(t, 1, tally.Bursts)
				assert.Equal(t, numbers.Cuts{}, tally.Cuts)
				assert.False(t, tally.LastSuccess.IsZero())
			})
		})
	}
}

func TestANewTimeoutHoldsForTheBurstUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(config.Burst{Rate: 10, Duration: 20 * time.Second, Concurrency: 1})
		cfg.Timeout = time.Minute
		target := testTarget(cfg, newFakeEngine(takes(10*time.Second)))
		sooner := cfg
		sooner.Timeout = 2 * time.Second
		e := newFakeEngine(takes(10 * time.Millisecond))
		time.AfterFunc(5*time.Second, func() { target.adopt(another(sooner, e)) })
		c := fireOnce(t, target)
		assert.EqualValues(t, 200, c.Scheduled)
		assert.EqualValues(t, 80, c.Dropped[load.DropTimeout], "those that have waited for two seconds")
		for k, due := range e.dues {
			assert.LessOrEqual(t, e.starts[k].Sub(due), sooner.Timeout)
		}
	})
}

func TestASenderEndsOnceNoRequestUsesItAnyMore(t *testing.T) {
	t.Parallel()
	target := testTarget(testConfig(config.Burst{Requests: 1}), newFakeEngine(takes(0)))
	var ended atomic.Int64
	var using sync.WaitGroup
	for range 4 {
		using.Go(func() {
			for range 5000 {
				s := target.hold()
				if s.uses.Load() == 0 {
					t.Error("a sender that has ended is used")
				}
				s.letGo()
			}
		})
	}
	using.Go(func() {
		for range 2000 {
			s := another(testConfig(config.Burst{}), newFakeEngine(takes(0)))
			s.apart = func(func()) {
				if s.uses.Load() == 0 && !s.hold() {
					ended.Add(1)
				}
			}
			target.adopt(s)
		}
	})
	using.Wait()
	assert.EqualValues(t, 1999, ended.Load(), "all but the current one, each once")
}

func TestNothingIsAdoptedAfterTheEnd(t *testing.T) {
	t.Parallel()
	e := newFakeEngine(takes(0))
	target := testTarget(testConfig(config.Burst{Requests: 1}), e)
	target.finish()
	assert.Equal(t, 1, e.closed)
	assert.False(t, target.adopt(another(testConfig(config.Burst{}), newFakeEngine(takes(0)))))
}

func withSecret(target config.Target, secret string) config.Target {
	target.Request.Headers = []config.Header{{Name: "X-Secret", Values: []string{secret}}}
	return target
}

func TestARotatedSecretEndsNoBurst(t *testing.T) {
	t.Parallel()
	var old, renewed atomic.Int64
	release := make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Secret") == "new" {
			renewed.Add(1)
		} else if old.Add(1) == 3 {
			<-release
		}
		ok(w, r)
	})
	m := newTestManager(t)
	target := s.target("rotates")
	target.Interval = 20 * time.Millisecond
	target.Burst = config.Burst{Duration: time.Hour, Concurrency: 2}
	apply(t, m, withSecret(target, "old"))
	require.Eventually(t, func() bool { return old.Load() > 10 }, patience, time.Millisecond)
	run := m.entries["rotates"].run
	apply(t, m, withSecret(target, "new"))
	require.Eventually(t, func() bool { return renewed.Load() > 10 }, patience, time.Millisecond)
	assert.Same(t, run, m.entries["rotates"].run)
	c := tallyOf(m, "rotates")
	assertConserved(t, c)
	assert.Zero(t, c.Bursts, "the one that was under way still is")
	assert.Zero(t, c.Cuts[load.DropReload])
	detail, _ := m.Target("rotates")
	assert.LessOrEqual(t, detail.Open, 2+1, "one of the old sender, with a request in flight, and perhaps an idle one that is about to be closed")
	close(release)
	require.Eventually(t, func() bool {
		m.entries["rotates"].engines.mu.Lock()
		defer m.entries["rotates"].engines.mu.Unlock()
		return len(m.entries["rotates"].engines.all) == 1
	}, patience, time.Millisecond)

	target.Burst.Concurrency = 3
	apply(t, m, withSecret(target, "new"))
	assert.NotSame(t, run, m.entries["rotates"].run, "another load makes another run")
	require.Eventually(t, func() bool { return tallyOf(m, "rotates").Cuts[load.DropReload].Bursts == 1 }, patience, time.Millisecond)
}

// The endpoint of tokens hangs for one of the configurations. The run goes on with the
// one before it, and the next one need not wait for longer than it takes.
func TestASenderThatHasToLogInIsAdoptedOnceItHas(t *testing.T) {
	t.Parallel()
	granted := make(chan struct{})
	endpoint := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-granted:
		case <-r.Context().Done():
		}
		grant(w)
	})
	var plain, granting atomic.Int64
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer t0ken" {
			granting.Add(1)
		} else {
			plain.Add(1)
		}
		ok(w, r)
	})
	m := newTestManager(t)
	target := s.target("logs in")
	target.Burst = config.Burst{Duration: time.Hour, Concurrency: 1}
	apply(t, m, target)
	require.Eventually(t, func() bool { return plain.Load() > 3 }, patience, time.Millisecond)
	login := target
	login.Request.OAuth2 = withOAuth2(t, endpoint).Request.OAuth2
	apply(t, m, login)
	apply(t, m, withSecret(login, "overtaken"))
	apply(t, m, withSecret(login, "newest"))
	before := plain.Load()
	require.Eventually(t, func() bool { return plain.Load() > before+3 }, patience, time.Millisecond)
	close(granted)
	require.Eventually(t, func() bool { return granting.Load() > 3 }, patience, time.Millisecond)
	c := tallyOf(m, "logs in")
	assertConserved(t, c)
	assert.Zero(t, c.Bursts)
	assert.Equal(t, []errcode.Code{errcode.OK}, codesIn(c))
}

// codesIn returns the codes that have occurred.
func codesIn(c numbers.Snapshot) (codes []errcode.Code) {
	for code, h := range c.ByCode {
		if h.Count() > 0 {
			codes = append(codes, code)
		}
	}
	return codes
}

func TestATargetThatIsRemovedWhileItLogsInLeavesNothing(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	endpoint := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the end of the connection is not noticed
		asked <- struct{}{}
		<-r.Context().Done()
	})
	s := newServer(t, ok)
	m := newTestManager(t)
	target := s.target("goes")
	apply(t, m, target)
	target.Request.OAuth2 = withOAuth2(t, endpoint).Request.OAuth2
	apply(t, m, target)
	<-asked
	apply(t, m)
	require.Eventually(t, func() bool { return isGone(m, "goes") }, patience, time.Millisecond)
}

func TestHoldingASenderAllocatesNothing(t *testing.T) {
	target := testTarget(testConfig(config.Burst{Requests: 1}), newFakeEngine(takes(0)))
	assert.Zero(t, testing.AllocsPerRun(100, func() { target.hold().letGo() }))
}
