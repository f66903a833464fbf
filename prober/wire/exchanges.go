package wire

import "sync/atomic"

// Exchanges counts the exchanges under way, each on a stream of its own. All dialers of a
// process share one.
type Exchanges struct{ underWay atomic.Int32 }

// fewExchanges is how many exchanges may be under way for bare system calls to pay.
//
// Package net tells the scheduler of each call. If the process was idle, this wakes a thread of
// the runtime that looks after the others, and looks again after 20 µs. With one exchange at a
// time the process is idle before each answer, and this thread is a quarter to half of the cost
// of a request. With many it is not idle, and the delays of the scheduler gather more answers
// for each wake-up.
const fewExchanges = 4

// Begin notes that an exchange begins. The stream carries no other until End.
func (s *Stream) Begin() {
	if s.timed == nil || s.exchanges == nil {
		return
	}
	few := s.exchanges.underWay.Add(1) <= fewExchanges
	s.timed.tellScheduler(!few)
	if few {
		s.to = s.timed
	} else {
		s.to = s.Conn
	}
}

// End notes that the exchange has ended.
func (s *Stream) End() {
	if s.timed != nil && s.exchanges != nil {
		s.exchanges.underWay.Add(-1)
	}
}
