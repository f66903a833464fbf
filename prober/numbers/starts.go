package numbers

import (
	"example.com/prober/prober/probe"
)

// starts is when the requests of a burst started. Only ended requests count.
type starts struct {
	n           uint64
	first, last probe.Instant
}

func (s *starts) note(at probe.Instant) {
	if s.n == 0 {
		s.first, s.last = at, at
	}
	s.n++
	s.first, s.last = min(s.first, at), max(s.last, at)
}

// rate returns how many requests started per second, between the first start and the
// last. It is 0 if both are the same, as with a single request.
func (s *starts) rate() float64 {
	if s.last == s.first {
		return 0
	}
	return float64(s.n-1) / s.last.Sub(s.first).Seconds()
}
