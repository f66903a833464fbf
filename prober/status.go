package prober

import (
	"maps"
	"net/url"
	"slices"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
)

// Status is what one target came to since the start, all of one moment.
type Status struct {
	Name string
	// URL has no userinfo and no query.
	URL      string
	Interval time.Duration
	// Requests that ended and, of them, how many came to each code, ascending.
	Requests uint64
	Codes    []CodeCount
	// P50 and P99 are of the latency of all requests, within 10%; 0 without any.
	P50, P99 time.Duration
	InFlight uint64
	// Dropped requests were due and never started. Held are those of them that the
	// prober held back by want of a worker, by a ceiling, or because it did not run.
	Dropped, Held uint64
	Bursts        uint64
	// LastStart and LastSuccess are zero before the first burst and success.
	LastStart   time.Time
	LastSuccess time.Time
	// Failing tells that the last burst that ended had failures.
	Failing bool
	// FailingSince is when the first of the bursts began that have had failures of
	// the target without a break, and TroubledSince the same of trouble of the
	// prober's own: codes 1001 to 1007, requests held back, requests sent late.
	// They are zero when the last burst was well in that respect.
	FailingSince, TroubledSince time.Time
	// Trouble has the ways in which requests of the burst under way fail or, while
	// none does, of the last one; the commonest first, eight at most.
	Trouble []FailureKind
	// Last is the last burst that ended, nil before.
	Last *Burst
}

// CodeCount is how many requests came to a code.
type CodeCount struct {
	Code  errcode.Code
	Count uint64
}

// Own returns how many requests had trouble of the prober's own, codes 1001 to 1007.
func (s *Status) Own() (n uint64) {
	for _, c := range s.Codes {
		if c.Code.IsLocal() {
			n += c.Count
		}
	}
	return n
}

// Failed returns how many requests failed by the target's doing.
func (s *Status) Failed() (n uint64) {
	for _, c := range s.Codes {
		if c.Code.IsFailure() && !c.Code.IsLocal() {
			n += c.Count
		}
	}
	return n
}

// Targets returns the status of the running targets in the order of the file.
func (m *Manager) Targets() []Status {
	m.mu.Lock()
	subjects := make([]subject, 0, len(m.order))
	for _, name := range m.order {
		subjects = append(subjects, m.entries[name].subject())
	}
	m.mu.Unlock()
	all := make([]Status, len(subjects))
	for i := range subjects {
		all[i] = subjects[i].status()
	}
	return all
}

// entry returns a copy of the entry of a running target.
func (m *Manager) entry(name string) (entry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[name]
	if e == nil || e.removed {
		return entry{}, false
	}
	return *e, true
}

// subject is what a status needs of an entry: much less than a copy of thousands of
// configurations, which may change once the manager's lock is given back.
type subject struct {
	name     string
	url      *url.URL
	interval time.Duration
	recorder *recorder
}

func (e *entry) subject() subject {
	return subject{e.cfg.Name, e.cfg.URL, e.cfg.Interval, e.recorder}
}

func (s *subject) status() Status {
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	return s.read()
}

// read is status with the recorder's lock held. It reads the numbers in place: a
// copy of all histograms would cost more than all that is shown of them.
func (s *subject) read() Status {
	r := s.recorder
	status := Status{
		Name:          s.name,
		URL:           config.RedactedURL(s.url),
		Interval:      s.interval,
		InFlight:      r.inFlight,
		Bursts:        r.bursts,
		LastStart:     r.lastBurstStart,
		LastSuccess:   r.lastBurstSuccess,
		Failing:       len(r.last.failures) > 0,
		FailingSince:  r.history.failingSince,
		TroubledSince: r.history.troubledSince,
		Trouble:       r.history.trouble(),
		Last:          r.history.latest(),
	}
	for reason, n := range r.dropped {
		status.Dropped += n
		if load.DropReason(reason).IsTrouble() {
			status.Held += n
		}
	}
	status.count(r.codes)
	return status
}

// count fills in what the requests of each code came to. Most targets have one
// code only, whose histogram needs no merging.
func (s *Status) count(codes map[errcode.Code]*histogram) {
	var all *histogram
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		h := codes[code]
		if h.count == 0 {
			continue
		}
		s.Codes = append(s.Codes, CodeCount{code, h.count})
		s.Requests += h.count
		switch len(s.Codes) {
		case 1:
			all = h
			continue
		case 2:
			copied := all.clone()
			all = &copied
		}
		all.merge(h)
	}
	if all != nil {
		s.P50, s.P99 = all.quantile(0.5), all.quantile(0.99)
	}
}
