package config

import "fmt"

// checkBurst bounds the arrivals of an open burst, in number and in time.
func (s checks) checkBurst(b *Burst) {
	const requests, duration, rate = "burst.requests", "burst.duration", "burst.rate"
	switch {
	case !s.sound(rate):
	case s.sound(duration) && !s.isSet(requests) && b.Rate*b.Duration.Seconds() > maxArrivals:
		s.conflict(fmt.Sprintf("rate and duration make more than %d requests in one burst", maxArrivals), rate, duration)
	case s.sound(requests) && !s.isSet(duration) && float64(b.Requests)/b.Rate > maxDuration.Seconds():
		s.conflict("at this rate the requests of one burst take more than "+formatDuration(maxDuration), rate, requests)
	}
	s.checkStages(b)
	s.checkArrivals(b)
}

func (s checks) checkStages(b *Burst) {
	const stages, duration = "burst.stages", "burst.duration"
	if !s.sound(stages) || s.isSet(duration) && !s.sound(duration) {
		return
	}
	requests, lasts := ramp(b.Stages, b.Duration)
	switch {
	case requests == 0 && s.isSet(duration):
		s.conflict("make no request before duration ends them", stages, duration)
	case requests == 0:
		s.conflict("make no request: at least one rate must be above 0, for some time", stages)
	case requests > maxArrivals && !s.isSet("burst.requests"):
		s.conflict(fmt.Sprintf("make more than %d requests in one burst", maxArrivals), stages)
	case lasts > maxDuration:
		s.conflict("take more than "+formatDuration(maxDuration)+" together", stages)
	}
}

// checkArrivals lets a closed burst, which has none that are due, inherit how
// they are spaced and waited for but not have its own.
func (s checks) checkArrivals(b *Burst) {
	const arrival, precision, nothing = "burst.arrival", "burst.precision", " has no meaning without burst.rate or burst.stages"
	if s.isSet("burst.rate") || s.isSet("burst.stages") {
		return
	}
	if b.Arrival == ArrivalPoisson && s.isOwn(arrival) {
		s.conflict("poisson"+nothing, arrival)
	}
	if b.Precision == PrecisionSpin && s.isOwn(precision) {
		s.conflict("spin"+nothing, precision)
	}
	b.Arrival, b.Precision = "", ""
}
