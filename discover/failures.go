package discover

import "time"

// count returns the number of failures. A request without an answer counts even if the mechanism did not count it.
func (s *source) count() float64 {
	reported, silent := s.counters(), unansweredBy(s.server)
	isSilent := silent > s.silent
	// One failure may be in both numbers.
	s.total += max(reported-s.reported, silent-s.silent)
	s.reported, s.silent = reported, silent
	if isSilent {
		s.set.mu.Lock()
		defer s.set.mu.Unlock()
		if s.lastError == "" {
			s.lastError = "the API server at " + s.server + " does not answer"
		}
	}
	return s.total
}

// counters returns the number of failures in the mechanism's own counters.
func (s *source) counters() float64 {
	families, err := s.counted.Gather()
	if err != nil {
		return s.reported
	}
	var sum float64
	for _, f := range families {
		if !failureCounters[f.GetName()] {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue()
		}
	}
	return sum
}

// hasFailedMore takes over the number of failures, and reports whether it rose.
func (s *source) hasFailedMore(counted float64) bool {
	if counted <= s.seen {
		return false
	}
	s.owner.meter.failures.add(counted - s.seen)
	s.failures += counted - s.seen
	s.seen = counted
	return true
}

// failed handles a failure at the current step. It logs the first of a row alone: the
// mechanism tries again every few seconds.
func (s *source) failed(now time.Time) {
	wasExpired, first := s.expired(), !s.isFailing()
	if first {
		s.firstFailure, s.failedFrom = now, s.step
	}
	s.lastFailure, s.failedAt = now, s.step
	if first {
		s.set.log.Warn("a discovery fails; its last targets stay for a while",
			"discover", s.owner.cfg.Name, "mechanism", s.place, "keep_for", s.owner.cfg.KeepFor, "err", s.lastError)
	}
	if !s.answered || s.expired() != wasExpired {
		s.answered = true
		s.owner.touch()
	}
}
