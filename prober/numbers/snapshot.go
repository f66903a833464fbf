// Package numbers says what came of the requests: it counts them as they end, and makes of
// the counts all that is shown. The numbers of a target are in a [Recorder], under one lock;
// a [Snapshot] is what they are at one moment, and metrics, pages, the API and reports are
// drawn from it.
package numbers

import (
	"maps"
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Snapshot is what one target came to since the start, all of one moment. The metrics, the
// API, the pages and fire are drawn from it.
type Snapshot struct {
	About
	Counts

	Created     time.Time // since when all of it is counted
	BreakerOpen bool
	// FailingSince is when the first of the bursts began that have had failures of
	// the target without a break, and TroubledSince the same of trouble of the
	// prober's own: codes 1001 to 1007, 1024 and 1040, requests held back, requests sent late.
	// They are zero when the last burst was well in that respect.
	FailingSince, TroubledSince time.Time

	// Requests that ended and, of them, how many came to each code, ascending. P50 and P99
	// are of the latency of all of them, within 10%; 0 without any. WithSummary.
	Requests uint64
	Codes    []CodeCount
	P50, P99 time.Duration
	// Trouble has the ways in which requests of the burst under way fail or, while
	// none does, of the last one; the commonest first, eight at most. WithSummary.
	Trouble []FailureKind
	// Last is the last burst that ended, nil before. WithSummary.
	Last *Burst

	// Kinds counts all failures, by code and phase, Responses all response headers, by
	// status and version of HTTP; both in that order. WithLabels.
	Kinds     []FailureKind
	Responses []ResponseCount

	// History has the last bursts, the oldest first: at most 48. Failures has the last
	// failures, the latest first: at most 16. WithHistory.
	History  []Burst
	Failures []Failure
	// TLS is nil before the first handshake. WithHistory.
	TLS *TLS
	// Outcome says how the last burst came to its end, SendRate how many of its requests
	// started per second; 0 where there is no rate. WithHistory.
	Outcome  Outcome
	SendRate float64

	*Distributions // WithDistributions, else nil
}

// About is what is known of a target without counting.
type About struct {
	Name string
	// URL has no userinfo and no query.
	URL      string
	Interval time.Duration
	Labels   map[string]string // those of the configuration; shared, not to be changed
	// Calls tells that the target is sent gRPC calls.
	Calls bool
	// Unchecked tells that any certificate of the target is accepted.
	Unchecked bool
	// Asks tells that the target is a DNS server.
	Asks bool
	// ClientNotAfter is the end of the client certificate, zero without one.
	ClientNotAfter time.Time
	// Open is how many connections are open.
	Open int
}

// Parts says what a snapshot has besides what is always there. Each takes time and memory,
// and a prober has thousands of targets.
type Parts uint8

// The parts of a snapshot, as its fields name them.
const (
	WithSummary Parts = 1 << iota
	WithLabels
	WithHistory
	WithDistributions

	WithEverything = WithSummary | WithLabels | WithHistory | WithDistributions
)

// Snapshot returns what the target came to, as it is at one moment. About is left for who
// knows the target.
func (r *Recorder) Snapshot(parts Parts) (s Snapshot) {
	r.Fill(&s, parts)
	return s
}

// Fill is Snapshot for an empty one that there is already: of many, none need be copied.
func (r *Recorder) Fill(s *Snapshot, parts Parts) {
	r.read(s, parts)
	slices.SortFunc(s.Kinds, FailureKind.compare)
	slices.SortFunc(s.Responses, ResponseCount.compare)
}

// read is Fill with what is sorted by nobody yet: the lock is held for less long.
func (r *Recorder) read(s *Snapshot, parts Parts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.arrivals != nil {
		r.advance(probe.Now())
	}
	s.Counts = r.counts
	s.Created, s.BreakerOpen = r.created, r.breaker.IsOpen()
	s.FailingSince, s.TroubledSince = r.history.failingSince, r.history.troubledSince
	if parts&WithSummary != 0 {
		s.summarise(r.times.ByCode)
		s.Trouble, s.Last = r.history.trouble(), r.history.latest()
	}
	if parts&WithLabels != 0 {
		s.Kinds, s.Responses = kindsOf(r.failures), responsesOf(r.responses)
	}
	if parts&WithHistory != 0 {
		s.History, s.Failures = r.history.exportBursts(), r.history.exportFailures()
		s.TLS, s.Outcome, s.SendRate = tlsOf(&r.counts.tls), r.outcome(), r.history.sendRate()
	}
	if parts&WithDistributions != 0 {
		s.Distributions = r.times.clone()
	}
}

// Own returns how many requests had trouble of the prober's own, codes 1001 to 1007, 1024 and 1040.
func (s *Snapshot) Own() (n uint64) {
	for _, c := range s.Codes {
		if c.Code.IsOwn() {
			n += c.Count
		}
	}
	return n
}

// Failed returns how many requests failed by the target's doing.
func (s *Snapshot) Failed() (n uint64) {
	for _, c := range s.Codes {
		if c.Code.IsFailure() && !c.Code.IsOwn() {
			n += c.Count
		}
	}
	return n
}

// summarise fills in what the requests of each code came to. It reads the histograms in
// place: a copy of all of them would cost more than all that is shown of them. Most
// targets have one code only, whose histogram needs no merging.
func (s *Snapshot) summarise(codes map[errcode.Code]*Histogram) {
	var all *Histogram
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
			copied := all.Clone()
			all = &copied
		}
		all.Merge(h)
	}
	if all != nil {
		s.P50, s.P99 = all.Quantile(0.5), all.Quantile(0.99)
	}
}

// clone returns a copy that shares nothing with d.
func (d *Distributions) clone() *Distributions {
	c := &Distributions{
		ByCode:        make(map[errcode.Code]*Histogram, len(d.ByCode)),
		Lags:          d.Lags.Clone(),
		BurstDuration: d.BurstDuration.Clone(),
	}
	for code, h := range d.ByCode {
		copied := h.Clone()
		c.ByCode[code] = &copied
	}
	for p := range c.Phases {
		c.Phases[p] = d.Phases[p].Clone()
	}
	return c
}
