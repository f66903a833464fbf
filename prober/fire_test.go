package prober

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/policy"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

func testShot(cfg config.Target, e *fakeEngine) *Shot {
	t := testTarget(cfg, e)
	return &Shot{entry: &entry{cfg: &cfg, recorder: t.recorder, reports: t.reports, engine: e, engines: new(engines)}, target: t}
}

func TestAShotIsOneBurstAndItsReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(func(k int) (time.Duration, int) {
			if k%10 == 9 {
				return 300 * time.Millisecond, 503
			}
			return 10 * time.Millisecond, 200
		})
		cfg := testConfig(config.Burst{Rate: 20, Duration: 5 * time.Second})
		cfg.URL = &url.URL{Scheme: "https", Host: "shop.example", Path: "/a", RawQuery: "token=s3cret"}
		s := testShot(cfg, e)
		assert.Zero(t, ProgressOf(s))
		start := time.Now()
		s.Fire(t.Context(), context.Background())

		r := s.Report()
		assert.Equal(t, "checkout", r.Name)
		assert.Equal(t, "https://shop.example/a", r.URL)
		assert.Equal(t, start, r.LastStart)
		assert.Equal(t, 4950*time.Millisecond+300*time.Millisecond, r.Duration)
		assert.Equal(t, numbers.Complete, r.Outcome)
		assert.Equal(t, Plan{Requests: 100, Length: 5 * time.Second, Rate: 20}, r.Plan)
		assert.EqualValues(t, 100, r.Scheduled)
		assert.EqualValues(t, 90, r.Succeeded)
		assert.EqualValues(t, 10, r.Failed)
		assert.Zero(t, r.Dropped.Total())
		assert.Equal(t, 20.0, r.Rate, "an answer that comes after the last arrival does not lower the rate")
		assert.False(t, r.OK())
		assert.Equal(t, []numbers.CodeCount{{Code: errcode.OK, Count: 90}, {Code: errcode.FromStatus(503), Count: 10}}, r.Codes)
		assert.Equal(t, []numbers.ResponseCount{{Status: 200, Version: "none", Count: 90}, {Status: 503, Version: "none", Count: 10}}, r.Responses)
		assert.Equal(t, 39*time.Millisecond, r.Latency.Mean)
		assert.Equal(t, 300*time.Millisecond, r.Latency.Max)
		assert.InEpsilon(t, 10*time.Millisecond, r.Latency.P90, 0.1)
		assert.Equal(t, r.Latency.Max, r.Latency.P95)
		assert.Equal(t, r.Latency.Max, r.Latency.P999)
		assertBuckets(t, &r.Latency)
		require.Len(t, r.Failures, 1, "one of each kind")
		assert.EqualValues(t, 10, r.Failures[0].Count)
		assert.Equal(t, 503, r.Failures[0].Status)
		assert.Equal(t, 1, e.closed, "no connection outlives the burst")
	})
}

func TestAnObserverSeesEachRequestThatEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(func(k int) (time.Duration, int) {
			if k%10 == 9 {
				return 300 * time.Millisecond, 503
			}
			return 10 * time.Millisecond, 200
		})
		cfg := testConfig(config.Burst{Rate: 100, Duration: 3 * time.Second, Concurrency: 1})
		s := testShot(cfg, e)
		var mu sync.Mutex
		seen, took := make(map[errcode.Code]uint64), make(map[bool]int)
		s.Observe(func(r *probe.Result, code errcode.Code) {
			mu.Lock()
			defer mu.Unlock()
			seen[code]++
			took[r.Duration() > 100*time.Millisecond]++
		})
		s.Fire(t.Context(), context.Background())
		r := s.Report()
		require.NotZero(t, r.Dropped.Total(), "those are not seen")
		counted := make(map[errcode.Code]uint64)
		for _, c := range r.Codes {
			counted[c.Code] = c.Count
		}
		assert.Equal(t, counted, seen)
		assert.NotZero(t, took[true])
		assert.NotZero(t, took[false])
	})
}

func assertBuckets(t *testing.T, l *numbers.Latency) {
	t.Helper()
	var n uint64
	var before time.Duration
	for _, b := range l.Buckets {
		assert.LessOrEqual(t, before, b.Lower)
		assert.Less(t, b.Lower, b.Upper)
		assert.NotZero(t, b.Count)
		before = b.Upper
		n += b.Count
	}
	assert.Equal(t, l.Count, n)
	assert.LessOrEqual(t, l.Max, before)
}

func TestAShotWhoseRequestsAllSucceedIsOK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testShot(testConfig(config.Burst{Requests: 40, Concurrency: 4}), newFakeEngine(takes(100*time.Millisecond)))
		assert.Equal(t, Plan{Requests: 40}, s.Plan())
		s.Fire(t.Context(), context.Background())
		r := s.Report()
		assert.True(t, r.OK())
		assert.Equal(t, time.Second, r.Duration)
		assert.Equal(t, 40.0, r.Rate)
	})
}

func TestTheRateOfAShotIsThatOfWhatWasSent(t *testing.T) {
	for _, c := range []struct {
		name  string
		burst config.Burst
		takes time.Duration
		want  float64
	}{
		{"as planned", config.Burst{Rate: 100, Requests: 100}, time.Millisecond, 100},
		{"one worker who cannot keep up", config.Burst{Rate: 100, Requests: 100, Concurrency: 1}, 53 * time.Millisecond, 1 / 0.053},
		{"stages, at their end in the mean", config.Burst{Stages: []config.Stage{{Duration: 0, Rate: 10}, {Duration: 2 * time.Second, Rate: 10}}},
			time.Millisecond, 10},
		{"two requests", config.Burst{Rate: 0.5, Requests: 2}, time.Millisecond, 0.5},
		{"one request", config.Burst{Rate: 100, Requests: 1}, time.Millisecond, 0},
		{"one request of a closed burst", config.Burst{Requests: 1}, 50 * time.Millisecond, 0},
		{"a closed burst", config.Burst{Requests: 30, Concurrency: 3}, 100 * time.Millisecond, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig(c.burst)
				cfg.Timeout = time.Minute
				s := testShot(cfg, newFakeEngine(takes(c.takes)))
				s.Fire(t.Context(), context.Background())
				r := s.Report()
				assert.True(t, r.OK())
				assert.InDelta(t, c.want, r.Rate, 1e-9)
			})
		})
	}
}

func TestAShotThatDropsArrivalsIsNotOK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testShot(testConfig(config.Burst{Rate: 10, Duration: 2 * time.Second}), newFakeEngine(takes(150*time.Millisecond)))
		s.target.limiter = load.NewLimiter(Limits{InFlight: 1})
		s.Fire(t.Context(), context.Background())
		r := s.Report()
		assert.Equal(t, numbers.Complete, r.Outcome)
		assert.Zero(t, r.Failed)
		assert.EqualValues(t, 10, r.Succeeded)
		assert.Equal(t, []numbers.DropCount{{Reason: "limit_in_flight", Trouble: load.DropLimitInFlight.IsTrouble(), Count: 10}}, r.Dropped.ByReason())
		assert.Equal(t, 5.0, r.Rate)
		assert.False(t, r.OK())
	})
}

func TestAShotThatIsInterruptedReportsWhatWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(config.Burst{Rate: 1, Duration: time.Minute})
		cfg.Timeout = 20 * time.Second
		s := testShot(cfg, newFakeEngine(func(k int) (time.Duration, int) {
			if k == 0 {
				return time.Millisecond, 200
			}
			return 10 * time.Second, 200
		}))
		schedule, interrupt := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer interrupt()
		requests, cancel := context.WithTimeout(context.Background(), 12500*time.Millisecond)
		defer cancel()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Fire(schedule, requests)
		}()
		time.Sleep(4600 * time.Millisecond)
		p := ProgressOf(s)
		assert.Equal(t, 4600*time.Millisecond, p.Elapsed)
		assert.Equal(t, []uint64{5, 1, 0, 0, 4}, []uint64{p.Scheduled, p.Ended, p.Failed, p.Waiting, p.InFlight})
		assert.Equal(t, []numbers.CodeCount{{Code: errcode.OK, Count: 1}}, p.Codes)
		assert.Equal(t, []time.Duration{time.Millisecond, time.Millisecond}, []time.Duration{p.P50, p.P99})
		assert.InDelta(t, 5/4.6, p.Rate(), 1e-9)
		<-done

		r := s.Report()
		assert.Equal(t, numbers.Interrupted, r.Outcome)
		assert.False(t, r.OK())
		assert.Equal(t, 12500*time.Millisecond, r.Duration)
		assert.EqualValues(t, 5, r.Scheduled-r.Dropped.Total())
		assert.Empty(t, r.Dropped.ByReason(), "nothing is due any more after the interruption")
		assert.EqualValues(t, 55, r.Cuts.Requests())
		assert.Equal(t, []numbers.CodeCount{{Code: errcode.OK, Count: 3}, {Code: errcode.Cancelled, Count: 2}}, r.Codes)
		assert.EqualValues(t, 3, r.Latency.Count, "what was cancelled says nothing about the target")
		p = ProgressOf(s)
		assert.Equal(t, []uint64{5, 5, 2, 0, 0}, []uint64{p.Scheduled, p.Ended, p.Failed, p.Waiting, p.InFlight})
		assert.Equal(t, r.Codes, p.Codes)
	})
}

func TestTheBreakerEndsAShot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(config.Burst{Requests: 100, Concurrency: 1})
		cfg.Breaker = &config.Breaker{After: 3, For: time.Minute}
		s := testShot(cfg, newFakeEngine(func(int) (time.Duration, int) { return time.Millisecond, 500 }))
		s.Fire(t.Context(), context.Background())
		r := s.Report()
		assert.Equal(t, numbers.Broken, r.Outcome)
		assert.EqualValues(t, 3, r.Failed)
	})
}

func TestThePlanOfAShot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		burst config.Burst
		want  Plan
	}{
		{"a closed burst of some time", config.Burst{Duration: time.Second}, Plan{Length: time.Second}},
		{"a closed burst that ends by either", config.Burst{Requests: 9, Duration: time.Second}, Plan{Requests: 9, Length: time.Second}},
		{"requests at a rate", config.Burst{Requests: 20, Rate: 5}, Plan{Requests: 20, Length: 4 * time.Second, Rate: 5}},
		{"time that ends before the requests", config.Burst{Requests: 20, Rate: 5, Duration: 2 * time.Second},
			Plan{Requests: 10, Length: 2 * time.Second, Rate: 5}},
		{"requests that end before the time", config.Burst{Requests: 5, Rate: 5, Duration: 2 * time.Second},
			Plan{Requests: 5, Length: time.Second, Rate: 5}},
		{"random arrivals, on average", config.Burst{Rate: 5, Duration: 2 * time.Second, Arrival: config.ArrivalPoisson},
			Plan{Requests: 10, Length: 2 * time.Second, Rate: 5}},
		{"a ramp", config.Burst{Stages: []config.Stage{{Duration: 2 * time.Second, Rate: 10}, {Duration: 2 * time.Second, Rate: 10}}},
			Plan{Requests: 30, Length: 4 * time.Second, Rate: 7.5}},
		{"a ramp that a time cuts", config.Burst{Duration: time.Second, Stages: []config.Stage{{Duration: 2 * time.Second, Rate: 20}}},
			Plan{Requests: 5, Length: time.Second, Rate: 5}},
		{"a ramp that begins another request just before its end", config.Burst{Stages: []config.Stage{{Rate: 4.3}, {Duration: time.Second, Rate: 4.3}}},
			Plan{Requests: 5, Length: time.Second, Rate: 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, testShot(testConfig(c.burst), newFakeEngine(takes(0))).Plan())
		})
	}
}

func TestAShotWaitsForItsToken(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	address := serve(t, func(_ http.ResponseWriter, q *http.Request) { seen <- q.Header.Get("Authorization") })
	endpoint := serve(t, func(w http.ResponseWriter, _ *http.Request) { grant(w) })
	cfg := withOAuth2(t, endpoint)
	cfg.Burst.Requests = 1
	cfg.Timeout = time.Minute
	var err error
	cfg.URL, err = url.Parse(address)
	require.NoError(t, err)
	s, err := NewShot(Options{Log: slog.New(slog.DiscardHandler)}, cfg, policy.Rules{})
	require.NoError(t, err)
	s.Fire(t.Context(), context.Background())
	r := s.Report()
	assert.True(t, r.OK(), "%+v", r.Failures)
	assert.Equal(t, "Bearer t0ken", <-seen)
	assert.EqualValues(t, 1, r.Opened)
	assert.NotZero(t, r.Received)
	assert.NotEmpty(t, r.Phases)
}

func TestAShotThatCannotBeCompiledIsRefused(t *testing.T) {
	t.Parallel()
	cfg := testConfig(config.Burst{Requests: 1})
	cfg.URL = &url.URL{Scheme: "https", Host: "shop.example"}
	cfg.Connection.TLS.CA = []byte("no certificate")
	_, err := NewShot(Options{Log: slog.New(slog.DiscardHandler)}, cfg, policy.Rules{})
	assert.ErrorContains(t, err, `target "checkout": `)
}
