package config

import (
	"fmt"

	"example.com/prober/config/form"
)

// checkBurst bounds the number of arrivals of an open burst, and the time they
// take.
func (s checks) checkBurst(b *Burst) {
	const requests, duration, rate = "burst.requests", "burst.duration", "burst.rate"
	switch {
	case !s.Sound(rate):
	case s.Sound(duration) && !s.IsSet(requests) && b.Rate*b.Duration.Seconds() > maxArrivals:
		s.Conflict(fmt.Sprintf("rate and duration make more than %d requests in one burst", maxArrivals), rate, duration)
	case s.Sound(requests) && !s.IsSet(duration) && float64(b.Requests)/b.Rate > maxDuration.Seconds():
		s.Conflict("at this rate the requests of one burst take more than "+form.FormatDuration(maxDuration), rate, requests)
	}
	s.checkStages(b)
	s.checkArrivals(b)
}

func (s checks) checkStages(b *Burst) {
	const stages, duration = "burst.stages", "burst.duration"
	if !s.Sound(stages) || s.IsSet(duration) && !s.Sound(duration) {
		return
	}
	requests, lasts := ramp(b.Stages, b.Duration)
	switch {
	case requests == 0 && s.IsSet(duration):
		s.Conflict("make no request before duration ends the burst", stages, duration)
	case requests == 0:
		s.Conflict("make no request: at least one rate must be above 0 for some time", stages)
	case requests > maxArrivals && !s.IsSet("burst.requests"):
		s.Conflict(fmt.Sprintf("make more than %d requests in one burst", maxArrivals), stages)
	case lasts > maxDuration:
		s.Conflict("take more than "+form.FormatDuration(maxDuration)+" together", stages)
	}
}

// checkArrivals lets a closed burst inherit the spacing of arrivals and the way
// to wait for them, but not set either itself. A closed burst has no arrivals
// that are due.
func (s checks) checkArrivals(b *Burst) {
	const arrival, precision, nothing = "burst.arrival", "burst.precision", " has no meaning without burst.rate or burst.stages"
	if s.IsSet("burst.rate") || s.IsSet("burst.stages") {
		return
	}
	if b.Arrival == ArrivalPoisson && s.IsOwn(arrival) {
		s.Conflict("poisson"+nothing, arrival)
	}
	if b.Precision == PrecisionSpin && s.IsOwn(precision) {
		s.Conflict("spin"+nothing, precision)
	}
	b.Arrival, b.Precision = "", ""
}
