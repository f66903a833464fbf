package numbers

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

var steps = []string{"login", "cart", "pay"}

// travel goes through the steps of a journey after the start of the first one, with random
// results.
func travel(r *Recorder) {
	if rand.IntN(10) == 0 {
		r.DropUnsent(0, load.DropLimitConnections)
		return
	}
	j := Journey{Took: time.Millisecond, Thought: time.Second, Busy: 2 * time.Second}
	for j.Step = range steps {
		if j.Step > 0 {
			r.Due(j.Step)
			if rand.IntN(10) == 0 {
				r.HoldBack(j.Step, load.DropShutdown)
				j.Result = JourneyInterrupted
				break
			}
			r.Start(j.Step)
		}
		endAs(r, j.Step)
		if rand.IntN(5) == 0 {
			j.Result = JourneyFailure
			break
		}
	}
	r.EndJourney(j)
}

func TestEverySnapshotOfJourneysAddsUp(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]bool{"open": true, "closed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := testRecorder()
			r.SetRequests(steps, true)
			if !open {
				r.StartBurst(nil)
				hammer(t, r, func() {
					for range 300 {
						r.Begin(0)
						travel(r)
					}
				})
				assert.EqualValues(t, 16*300, r.Snapshot(0).ByRequest[0].Scheduled)
				return
			}
			timeouts := []time.Duration{5 * time.Millisecond, time.Second, time.Second}
			p := load.NewPacer(&load.Burst{Rate: 40_000, Requests: 6000}, "shop", 1, load.Whole())
			a := load.NewArrivals(p, nil, probe.Now(), timeouts, neverFrozen)
			a.Workers = 16
			r.StartBurst(a)
			hammer(t, r, func() {
				claimAll(r, true, func(next load.Arrival) {
					if rand.IntN(10) == 0 {
						r.HoldBack(next.Request, load.DropLimitRate)
						return
					}
					r.Start(next.Request)
					travel(r)
				})
			})
			s := r.Snapshot(WithEverything)
			assert.EqualValues(t, 6000, s.ByRequest[0].Scheduled)
			assert.Zero(t, s.Journey.InFlight)
			assert.Equal(t, time.Duration(s.Journey.Total())*time.Second, s.Journey.Thought)
		})
	}
}

// journeyAt counts a journey that ends at a step.
func journeyAt(r *Recorder, result JourneyResult, step int) {
	r.StartBurst(nil)
	r.Begin(0)
	for i := range step + 1 {
		if i > 0 {
			r.Due(i)
			r.Start(i)
		}
		res := ended(time.Millisecond, nil)
		res.Request = i
		r.End(res, errcode.OK)
	}
	r.EndJourney(Journey{Result: result, Step: step, Took: 30 * time.Millisecond, Thought: 1500 * time.Millisecond})
	r.EndBurst(time.Second, load.DropShutdown)
}

func TestJourneysAreCountedByResultAndStep(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests(steps, true)
	assert.Equal(t, []JourneyCount{
		{JourneySuccess, "", 0}, {JourneyFailure, "login", 0}, {JourneyFailure, "cart", 0}, {JourneyFailure, "pay", 0},
	}, r.Snapshot(0).Journey.Ended, "these stand there from the start")
	journeyAt(r, JourneySuccess, 2)
	journeyAt(r, JourneyFailure, 1)
	journeyAt(r, JourneyInterrupted, 2)
	journeyAt(r, JourneyInterrupted, 0)
	s := r.Snapshot(WithEverything)
	requireIdentity(t, &s)
	assert.Equal(t, []JourneyCount{
		{JourneySuccess, "", 1}, {JourneyFailure, "login", 0}, {JourneyFailure, "cart", 1}, {JourneyFailure, "pay", 0},
		{JourneyInterrupted, "login", 1}, {JourneyInterrupted, "pay", 1},
	}, s.Journey.Ended)
	assert.Equal(t, 6*time.Second, s.Journey.Thought)
	assert.Equal(t, 30*time.Millisecond, s.Journey.P50)
	assert.Equal(t, []uint64{4, 3, 2}, []uint64{s.ByRequest[0].Requests, s.ByRequest[1].Requests, s.ByRequest[2].Requests})
	report := NewReport(s, load.Plan{})
	assert.EqualValues(t, 1, report.JourneyLatency.Count)
	assert.Equal(t, 30*time.Millisecond, report.JourneyLatency.Max)
}

func TestAJourneyWithAnotherFirstStepIsAnother(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		names   []string
		journey bool
		kept    int
	}{
		"the same":                {steps, true, 3},
		"other steps behind it":   {[]string{"login", "pay"}, true, 3},
		"a step more":             {[]string{"login", "cart", "ship", "pay"}, true, 3},
		"another first step":      {[]string{"cart", "pay"}, true, 0},
		"a mix of the same":       {steps, false, 0},
		"one without any journey": {nil, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := testRecorder()
			r.SetRequests(steps, true)
			journeyAt(r, JourneySuccess, 2)
			journeyAt(r, JourneyFailure, 1)
			journeyAt(r, JourneyInterrupted, 1)
			r.SetRequests(c.names, c.journey)
			s := r.Snapshot(WithEverything)
			assert.Equal(t, c.journey, s.Journey != nil)
			if c.names != nil {
				requireIdentity(t, &s)
				assert.EqualValues(t, c.kept, s.ByRequest[0].Requests)
			}
			if s.Journey != nil {
				assert.EqualValues(t, c.kept, s.Journey.Total(), "also those that ended at a step that has gone")
			}
		})
	}
}

func TestTheWorkersThatJourneysNeedAreBusyWhileTheyThink(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests(steps[:2], true)
	p := load.NewPacer(&load.Burst{Rate: 10, Requests: 11}, "shop", 1, load.Whole())
	a := load.NewArrivals(p, nil, 0, []time.Duration{time.Hour}, neverFrozen)
	a.Workers, a.Has = 1, 1
	r.StartBurst(a)
	now := probe.Instant(time.Second)
	for range 10 {
		next, state := r.Claim(now, now)
		require.Equal(t, load.Claimed, state)
		for step := range 2 {
			if step > 0 {
				r.Due(step)
				r.Start(step)
			}
			res := ended(100*time.Millisecond, nil)
			res.Request, res.Taken = step, 1
			r.End(res, errcode.OK)
		}
		r.EndJourney(Journey{Took: now.Sub(next.Due) + 200*time.Millisecond, Thought: 800 * time.Millisecond, Busy: time.Second})
	}
	_, state := r.Claim(now, now)
	require.Equal(t, load.Claimed, state)
	cut := ended(100*time.Millisecond, nil)
	cut.Taken = 1
	r.End(cut, errcode.Cancelled)
	r.EndJourney(Journey{Result: JourneyInterrupted, Busy: time.Minute}) // says nothing of the others
	assert.Equal(t, 112500*time.Microsecond, a.Needs[0].Estimate(), "the timeout of the first step is for that step")
	r.EndBurst(time.Second, load.DropShutdown)
	assert.Equal(t, time.Second, r.counts.Capacity.Answer)
	assert.Equal(t, 10, r.counts.Capacity.Needs())
}

// reportOf returns the report of these journeys. Each goes through the steps before its last one.
func reportOf(journeys ...Journey) Report {
	r := testRecorder()
	r.SetRequests(steps, true)
	r.StartBurst(nil)
	for _, j := range journeys {
		r.Begin(0)
		for i := range j.Step + 1 {
			if i > 0 {
				r.Due(i)
				r.Start(i)
			}
			r.End(&probe.Result{Request: i, End: probe.Instant(time.Millisecond)}, errcode.OK)
		}
		r.EndJourney(j)
	}
	r.EndBurst(2*time.Second, load.DropShutdown)
	return NewReport(r.Snapshot(WithEverything), load.Plan{})
}

func TestAReportFollowsJourneysStepByStep(t *testing.T) {
	t.Parallel()
	r := reportOf(
		Journey{Result: JourneySuccess, Step: 2, Took: time.Second},
		Journey{Result: JourneySuccess, Step: 2, Took: time.Second},
		Journey{Result: JourneyFailure, Step: 0},
		Journey{Result: JourneyFailure, Step: 1},
		Journey{Result: JourneyInterrupted, Step: 1},
		Journey{Result: JourneyFailure, Step: 2},
	)
	assert.Equal(t, []FunnelStep{{"login", 6, 1, 0}, {"cart", 5, 1, 1}, {"pay", 3, 1, 0}}, r.Funnel)
	assert.EqualValues(t, 2, r.JourneyLatency.Count)
	assert.Equal(t, time.Second, r.JourneyLatency.Max)
	assert.Len(t, r.Rows, 3)
	assert.InDelta(t, 3.0, r.Rate, 0, "six journeys in two seconds, whatever requests they had")
}

func TestABurstWithAnInterruptedJourneyIsNoSuccess(t *testing.T) {
	t.Parallel()
	whole := Journey{Result: JourneySuccess, Step: 2}
	r := reportOf(whole, whole)
	assert.True(t, r.OK())
	r = reportOf(whole, Journey{Result: JourneyInterrupted, Step: 1})
	assert.Equal(t, r.Scheduled, r.Succeeded, "no request failed")
	assert.Equal(t, Complete, r.Outcome)
	assert.False(t, r.OK())
}

func TestTheRateOfJourneysCountsTheirFirstSteps(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests(steps, true)
	r.StartBurst(nil)
	for journey := range 5 {
		r.Begin(0)
		for i := range steps {
			if i > 0 {
				r.Due(i)
				r.Start(i)
			}
			at := probe.Instant(time.Duration(journey) * 100 * time.Millisecond)
			r.End(&probe.Result{Request: i, Start: at.Add(time.Duration(i) * time.Second), End: at.Add(time.Minute)}, errcode.OK)
		}
		r.EndJourney(Journey{Step: 2})
	}
	assert.InDelta(t, 10.0, r.Snapshot(WithHistory).SendRate, 1e-9)
}
