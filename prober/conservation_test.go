package prober

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// okAnswer is the answer of instantEngine to every request.
var okAnswer = &probe.HTTP{Status: 200, Version: probe.HTTP11}

// instantEngine ends every request at once, one in a hundred with a reset.
type instantEngine struct{ noEngine }

func (e *instantEngine) Do(_ context.Context, r *probe.Result) {
	r.Start = probe.Now()
	if rand.IntN(100) == 0 {
		r.Err = &errcode.PhaseError{Phase: errcode.PhaseTransfer, Err: context.DeadlineExceeded}
	}
	r.HTTP, r.End = okAnswer, probe.Now()
}

func (e *instantEngine) Code(r *probe.Result) errcode.Code { return codeOf(r, 0) }

func (e *instantEngine) CloseIdle() {}
func (e *instantEngine) Wait()      {}

// totals sums up numbers of one scrape that must agree.
type totals struct{ scheduled, counted, observed, dropped, waiting, inFlight float64 }

func totalsOf(m *Manager, target string) totals {
	var s totals
	for family := range m.Families(func() {}) {
		for _, m := range family.Metric {
			if !hasTarget(m, target) {
				continue
			}
			switch family.GetName() {
			case "prober_requests_scheduled_total":
				s.scheduled += m.Counter.GetValue()
			case "prober_requests_total":
				s.counted += m.Counter.GetValue()
			case "prober_request_duration_seconds":
				s.observed += float64(m.Histogram.GetSampleCount())
			case "prober_requests_dropped_total":
				s.dropped += m.Counter.GetValue()
			case "prober_requests_waiting":
				s.waiting += m.Gauge.GetValue()
			case "prober_requests_in_flight":
				s.inFlight += m.Gauge.GetValue()
			}
		}
	}
	return s
}

func hasTarget(m *dto.Metric, target string) bool {
	for _, l := range m.Label {
		if l.GetName() == "target" {
			return l.GetValue() == target
		}
	}
	return false
}

func TestEveryScrapeOfAMillionRequestsAddsUp(t *testing.T) {
	t.Parallel()
	const million = 1_000_000
	m := newTestManager(t)
	cfg := testConfig(config.Burst{Requests: 1})
	cfg.Interval = 1000 * time.Hour
	apply(t, m, cfg)
	cfg.Burst = config.Burst{Requests: million, Concurrency: 8}
	burst := testTarget(cfg, &instantEngine{})
	burst.recorder = m.entries["checkout"].recorder

	var firing sync.WaitGroup
	firing.Go(func() { burst.fire(t.Context(), context.Background(), 0) })
	scrapes := 0
	for last := (totals{}); last.counted < million; scrapes++ {
		s := totalsOf(m, "checkout")
		require.InDelta(t, s.scheduled, s.counted+s.dropped+s.waiting+s.inFlight, 0, "scheduled = counted + dropped + waiting + in flight")
		require.InDelta(t, s.counted, s.observed, 0, "the histograms' counts are the counters")
		require.GreaterOrEqual(t, s.counted, last.counted)
		last = s
	}
	firing.Wait()
	assert.Positive(t, scrapes)
	s := totalsOf(m, "checkout")
	assert.InDelta(t, million, s.scheduled, 0)
	assert.Zero(t, s.waiting)
	assert.Zero(t, s.inFlight)
}

func TestNeighbourInTroubleMovesNoOtherSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		neighbours := map[string]*fakeEngine{
			"hangs":   newFakeEngine(takes(time.Hour)),
			"refuses": newFakeEngine(func(int) (time.Duration, int) { return 0, 503 }),
			"floods":  newFakeEngine(takes(20 * time.Microsecond)),
		}
		shared := load.NewLimiter(Limits{})
		schedule, stop := context.WithTimeout(t.Context(), 2*time.Minute)
		defer stop()
		var running sync.WaitGroup
		for name, e := range neighbours {
			cfg := testConfig(config.Burst{Rate: 100, Duration: 20 * time.Second, Concurrency: 100})
			cfg.Name = name
			n := testTarget(cfg, e)
			n.limiter = shared
			running.Go(func() { n.run(schedule, context.Background()) })
		}
		healthy := newFakeEngine(takes(5 * time.Millisecond))
		cfg := testConfig(config.Burst{Rate: 10, Duration: time.Second, Concurrency: 2})
		cfg.Interval = 10 * time.Second
		target := testTarget(cfg, healthy)
		target.limiter = shared
		running.Go(func() { target.run(schedule, context.Background()) })
		running.Wait()

		assert.GreaterOrEqual(t, healthy.count(), 110, "the first burst comes within an interval, the last may be cut")
		for k, start := range healthy.starts {
			assert.Equal(t, healthy.starts[0].Add(time.Duration(k/10)*10*time.Second+time.Duration(k%10)*100*time.Millisecond), start, fmt.Sprint(k))
		}
		c := conserved(t, target.recorder)
		assert.Zero(t, c.Skipped)
		assert.Zero(t, c.Lag.Sum())
	})
}
