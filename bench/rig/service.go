package rig

import "time"

// Service is how the benchmark's server treats every request.
type Service struct {
	// Delay is the work for a request. Requests do not wait for each other.
	Delay time.Duration
	// Spread is the greatest additional work for a request: of a hundred in a row each takes another hundredth of it,
	// in a mixed order.
	Spread time.Duration
	// Stall is the time without any work in each period, at most half of it. It begins in the middle of the period. The
	// first period begins with the first request. 0 means never.
	Stall time.Duration
	// Period is the time from the start of a stall to the start of the next.
	Period time.Duration
	// Mixed answers with the statuses 200, 404, 429, 500 and 503 in turn.
	Mixed bool
}

// Extra is the work of request k beyond Delay.
func (s Service) Extra(k int) time.Duration {
	const stride = 37 // has no divisor in common with 100
	return s.Spread * time.Duration(k*stride%100) / 100
}

// AnswerAt returns when a request that arrives at the given time is answered. Both times start at the first request.
func (s Service) AnswerAt(arrival time.Duration) time.Duration {
	if s.Stall == 0 {
		return arrival + s.Delay
	}
	at, work := arrival, s.Delay
	for {
		into := at % s.Period
		begin, end := s.Period/2, s.Period/2+s.Stall
		switch {
		case into >= begin && into < end:
			at += end - into
			continue
		case into >= end:
			begin += s.Period
		}
		room := begin - into
		if work <= room {
			return at + work
		}
		at, work = at+room, work-room
	}
}
