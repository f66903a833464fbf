package command

import (
	"example.com/prober/prober/numbers"
)

// fireRequestJSON is one request of a mix, or one step of a journey.
type fireRequestJSON struct {
	Name      string         `json:"name"`
	Scheduled uint64         `json:"scheduled"`
	Succeeded uint64         `json:"succeeded"`
	Failed    uint64         `json:"failed"`
	Dropped   uint64         `json:"dropped"`
	Latency   *fireShortJSON `json:"latency"`
	Codes     []fireCodeJSON `json:"codes"`
}

// fireShortJSON is a short form of a latency.
type fireShortJSON struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

type fireJourneyJSON struct {
	Scheduled   uint64         `json:"scheduled"`
	Succeeded   uint64         `json:"succeeded"`
	Failed      uint64         `json:"failed"`
	Interrupted uint64         `json:"interrupted"`
	Dropped     uint64         `json:"dropped"`
	Duration    *fireShortJSON `json:"duration"`
	Think       fireThinkJSON  `json:"think"`
	Steps       []fireStepJSON `json:"steps"`
}

type fireThinkJSON struct {
	Total float64 `json:"total"`
	Mean  float64 `json:"mean"`
}

type fireStepJSON struct {
	Name        string `json:"name"`
	Reached     uint64 `json:"reached"`
	Failed      uint64 `json:"failed"`
	Interrupted uint64 `json:"interrupted"`
}

func requestJSON(q numbers.RequestRow) fireRequestJSON {
	return fireRequestJSON{
		Name:      q.Name,
		Scheduled: q.Scheduled,
		Succeeded: q.Succeeded,
		Failed:    q.Failed,
		Dropped:   q.Dropped.Total(),
		Latency:   shortJSON(&q.Latency),
		Codes:     list(q.Codes, codeJSON),
	}
}

// shortJSON returns nil for a latency without requests.
func shortJSON(l *numbers.Latency) *fireShortJSON {
	if l.Count == 0 {
		return nil
	}
	return &fireShortJSON{l.Count, l.Mean.Seconds(), l.P50.Seconds(), l.P90.Seconds(), l.P99.Seconds(), l.Max.Seconds()}
}

// journeyJSON returns nil for a target without a journey.
func journeyJSON(r *numbers.Report) *fireJourneyJSON {
	j := r.Journey
	if j == nil {
		return nil
	}
	first := &r.Rows[0]
	return &fireJourneyJSON{
		Scheduled:   first.Scheduled,
		Succeeded:   j.Count(numbers.JourneySuccess),
		Failed:      j.Count(numbers.JourneyFailure),
		Interrupted: j.Count(numbers.JourneyInterrupted),
		Dropped:     first.Dropped.Total(),
		Duration:    shortJSON(&r.JourneyLatency),
		Think:       fireThinkJSON{j.ThoughtSeconds, j.ThoughtMean.Seconds()},
		Steps:       list(r.Funnel, func(s numbers.FunnelStep) fireStepJSON { return fireStepJSON(s) }),
	}
}
