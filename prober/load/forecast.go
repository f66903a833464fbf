package load

import (
	"math"
	"time"
)

// Plan is what a burst sends if nothing holds it back.
type Plan struct {
	// Requests is how many there are, on average where arrivals are random; 0 where
	// only Length ends the burst.
	Requests uint64
	// Length is from the start of the burst to the end of its schedule; 0 where only
	// Requests ends it.
	Length time.Duration
	// Rate is in requests per second, the average where it changes; 0 for a closed
	// burst.
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

// Work is what one target asks of one prober.
type Work struct {
	// Rate is in requests per second over a long time, peak the highest there is. A closed
	// burst has no peak, and one that only its duration bounds no rate: it sends as many
	// as it can.
	Rate, Peak float64
	// InFlight is how many requests there can be at once.
	InFlight int
}

// Work follows what a burst does: it has no more workers than requests, and the
// next one starts at the first slot after its end.
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

// LeastLength returns how long a burst takes however fast the answers are: until the
// last arrival is due or, where it sends as much as it can, until its time is over.
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
