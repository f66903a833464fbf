package prober

import (
	"time"

	"example.com/prober/prober/numbers"
)

// Progress is how far one burst has come, or several together. Scheduled is the sum of Ended,
// Dropped, Waiting and InFlight.
type Progress struct {
	// Elapsed is the time since the start of the burst, or of the first of several; 0 before it.
	Elapsed time.Duration
	// Scheduled requests were due. Dropped ones never started. Waiting ones have not started yet.
	Scheduled, Ended, Dropped, Waiting, InFlight uint64
	// Failed counts requests of Ended without success.
	Failed uint64
	// Codes counts Ended by code, ascending. P50 and P99 are of the same latency as in
	// [numbers.Report], 0 without any.
	Codes    []numbers.CodeCount
	P50, P99 time.Duration
	// Journeys is nil for a target without a journey, and for several targets.
	Journeys *JourneyProgress
}

// JourneyProgress counts journeys as [Progress] counts requests. Failed includes interrupted
// journeys.
type JourneyProgress struct {
	Ended, Failed, Dropped, Waiting uint64
}

// Rate returns how many requests per second were sent so far, 0 if that is no rate yet.
func (p *Progress) Rate() float64 {
	sent := p.Ended + p.InFlight
	if sent < 2 || p.Elapsed <= 0 {
		return 0
	}
	return float64(sent) / p.Elapsed.Seconds()
}

// ProgressOf returns the progress of several bursts together. It may be called from any goroutine
// while they run.
func ProgressOf(shots ...*Shot) (p Progress) {
	var all []*numbers.Snapshot
	for _, s := range shots {
		now := s.target.recorder.Snapshot(numbers.WithSummary | numbers.WithDistributions)
		if now.LastStart.IsZero() {
			continue
		}
		p.Elapsed = max(p.Elapsed, time.Since(now.LastStart))
		p.Scheduled += now.Scheduled
		p.Ended += now.Requests
		p.Dropped += now.Dropped.Total()
		p.Waiting += now.Waiting
		p.InFlight += now.InFlight
		p.Failed += now.Failed() + now.Own()
		if len(shots) == 1 {
			p.Journeys = journeyProgress(&now)
		}
		all = append(all, &now)
	}
	latency := numbers.LatencyOfAll(all)
	p.Codes, p.P50, p.P99 = numbers.CodesOfAll(all), latency.P50, latency.P99
	return p
}

// journeyProgress returns nil for a target without a journey.
func journeyProgress(now *numbers.Snapshot) *JourneyProgress {
	j := now.Journey
	if j == nil {
		return nil
	}
	first := &now.ByRequest[0]
	return &JourneyProgress{
		Ended:   j.Total(),
		Failed:  j.Total() - j.Count(numbers.JourneySuccess),
		Dropped: first.Dropped.Total(),
		Waiting: first.Waiting,
	}
}
