package prober

import (
	"maps"
	"slices"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
)

// Status is what one target came to since the start, all of one moment.
type Status struct {
	Name string
	// URL has no userinfo and no query.
	URL      string
	Interval time.Duration
	// Requests that ended and, of them, how many came to each code.
	Requests uint64
	Codes    []CodeCount
	// P50 and P99 are of the latency of all requests, within 10%; 0 without any.
	P50, P99 time.Duration
	InFlight uint64
	Dropped  uint64
	Bursts   uint64
	// LastStart and LastSuccess are zero before the first burst and success.
	LastStart   time.Time
	LastSuccess time.Time
	// Failing tells that the last burst that ended had failures.
	Failing bool
}

// CodeCount is how many requests came to a code.
type CodeCount struct {
	Code  errcode.Code
	Count uint64
}

// Targets returns the status of the running targets in the order of the file.
func (m *Manager) Targets() []Status {
	m.mu.Lock()
	entries := make([]entry, 0, len(m.order))
	for _, name := range m.order {
		entries = append(entries, *m.entries[name])
	}
	m.mu.Unlock()
	all := make([]Status, len(entries))
	for i, e := range entries {
		all[i] = status(&e.cfg, e.recorder.snapshot())
	}
	return all
}

func status(cfg *config.Target, t *tally) Status {
	s := Status{
		Name:        cfg.Name,
		URL:         config.RedactedURL(cfg.URL),
		Interval:    cfg.Interval,
		InFlight:    t.inFlight,
		Bursts:      t.bursts,
		LastStart:   t.lastBurstStart,
		LastSuccess: t.lastBurstSuccess,
		Failing:     len(t.last.failures) > 0,
	}
	var all histogram
	for _, code := range slices.Sorted(maps.Keys(t.codes)) {
		h := t.codes[code]
		if h.count > 0 {
			s.Codes = append(s.Codes, CodeCount{code, h.count})
		}
		all.merge(h)
	}
	for _, n := range t.dropped {
		s.Dropped += n
	}
	s.Requests = all.count
	s.P50, s.P99 = all.quantile(0.5), all.quantile(0.99)
	return s
}
