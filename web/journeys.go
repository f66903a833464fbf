package web

import (
	"cmp"
	"slices"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

// journeys are the results of the journeys of a target.
type journeys struct {
	*numbers.JourneyNumbers
	// Ends are the steps at which journeys ended early, the commonest first. Hidden counts the ends left out.
	Ends   []journeyEnd
	Hidden uint64
	// Think is the average pause of a journey between two steps.
	Think             time.Duration
	Waterfall, Funnel *chart.Chart
}

// journeyEnd is how many journeys ended at a step.
type journeyEnd struct {
	numbers.JourneyCount
	// Code is the commonest failure of the step, and How says how common it is. They are 0 and empty if no failure is
	// known.
	Code errcode.Code
	How  string
	// Gone reports whether the journey no longer has this step.
	Gone bool
}

// Failed reports whether the target ended these journeys.
func (e *journeyEnd) Failed() bool { return e.Result == numbers.JourneyFailure }

// Succeeded, Failed and Interrupted count the journeys that ended in this way.
func (j *journeys) Succeeded() uint64   { return j.Count(numbers.JourneySuccess) }
func (j *journeys) Failed() uint64      { return j.Count(numbers.JourneyFailure) }
func (j *journeys) Interrupted() uint64 { return j.Count(numbers.JourneyInterrupted) }

// journeysOf returns nil for a target without journeys.
func journeysOf(t *numbers.Snapshot, cfg *config.Target) *journeys {
	if t.Journey == nil {
		return nil
	}
	j := &journeys{JourneyNumbers: t.Journey, Ends: journeyEnds(t), Funnel: chart.Funnel(t.ByRequest, t.Journey)}
	if cfg != nil {
		j.Think = cfg.Think
	}
	j.Waterfall = chart.Waterfall(t.ByRequest, j.Think)
	if n := len(j.Ends); n > maxRequests {
		j.Ends, j.Hidden = j.Ends[:maxRequests], uint64(n-maxRequests)
	}
	return j
}

// journeyEnds returns the steps at which journeys ended early.
func journeyEnds(t *numbers.Snapshot) []journeyEnd {
	steps := make(map[string]*numbers.RequestNumbers, len(t.ByRequest))
	for i := range t.ByRequest {
		steps[t.ByRequest[i].Name] = &t.ByRequest[i]
	}
	var ends []journeyEnd
	for _, c := range t.Journey.Ended {
		if c.Result == numbers.JourneySuccess || c.Count == 0 {
			continue
		}
		e := journeyEnd{JourneyCount: c}
		step := steps[c.Step]
		switch {
		case step == nil:
			e.Gone = true
		case e.Failed():
			e.Code, e.How = commonestFailure(step.Codes)
		}
		ends = append(ends, e)
	}
	slices.SortStableFunc(ends, func(a, b journeyEnd) int { return cmp.Compare(b.Count, a.Count) })
	return ends
}
