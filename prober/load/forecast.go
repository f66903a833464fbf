package load

import (
	"math"
	"time"
)

// Plan is what a burst sends if nothing holds it back.
type Plan struct {
	// Requests is how many there are, on average for random arrivals; 0 if only Length
	// ends the burst.
	Requests uint64
	// Length is from the start of the burst to the end of its schedule; 0 if only Requests
	// ends the burst.
	Length time.Duration
	// Rate is in requests per second, an average if it changes; 0 for a closed burst.
	Rate float64
}

// Plan returns what a burst is about to send.
func (l *Target) Plan() Plan {
	b := &l.Burst
	if !b.IsOpen() {
		return Plan{Requests: uint64(b.Requests), Length: b.Duration}
	}
	p := NewPacer(b, l.Name, 0, Whole())
	requests, end := p.Mean(), p.length()
	plan := Plan{Requests: uint64(math.Round(requests)), Length: end, Rate: b.Rate}
	if plan.Rate == 0 {
		plan.Rate = requests / end.Seconds()
	}
	return plan
}

// Work is the load of one target on one prober.
type Work struct {
	// Rate is in requests per second over a long time, Peak the highest rate. A closed
	// burst has no peak. A closed burst without a number of requests has no rate either:
	// it sends as many as it can.
	Rate, Peak float64
	// InFlight is the highest number of requests in flight.
	InFlight int
}

// Work returns the load of a burst on the prober. It has no more workers than requests,
// and the next burst starts at the first slot after its end.
func (l *Target) Work(part Part) Work {
	b, fraction := &l.Burst, 1/float64(part.total)
	if !b.IsOpen() {
		workers := part.Share(b.Concurrency)
		if b.Requests > 0 {
			workers = min(part.Share(b.Requests), max(workers, 1))
		}
		return Work{Rate: float64(b.Requests) * fraction / l.Interval.Seconds(), InFlight: workers}
	}
	p := NewPacer(b, l.Name, 0, part)
	requests := p.Mean()
	slots := float64(p.lastDue()/l.Interval + 1) // until the next burst
	w := Work{Rate: requests * fraction / (slots * l.Interval.Seconds()), Peak: p.peak() * fraction, InFlight: b.Concurrency}
	most := requests
	if p.seed != nil {
		most = float64(p.limit)
	}
	if most < float64(b.Concurrency)*float64(part.total) {
		w.InFlight = min(b.Concurrency, part.Share(int(most)))
	}
	return w
}

// LeastLength returns how long a burst takes even with the fastest answers: until the last
// arrival is due or, if only a duration ends it, until its time is over.
func (l *Target) LeastLength() time.Duration {
	b := &l.Burst
	switch {
	case b.IsOpen():
		return NewPacer(b, l.Name, 0, Whole()).lastDue()
	case b.Requests == 0:
		return b.Duration
	}
	return 0
}
