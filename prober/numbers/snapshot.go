// Package numbers counts requests as they end, and turns the counts into everything that is
// shown.
//
// A [Recorder] has the numbers of a target, under one lock, and outlives changes of its
// configuration. A [Histogram] counts durations in classic and native buckets at once, on
// one grid. A [Snapshot] is a copy of the numbers at one moment: metrics, pages, the API
// and reports are made of it. A [Page] writes the snapshots of all targets in a format of
// Prometheus, and a [Report] is that of one burst by hand.
//
// Every snapshot adds up to the unit: requests that were due are counted by code, dropped,
// waiting, or in flight. Counters survive a reload, unless it removes their request.
// Counting a success allocates nothing in the steady state. Memory for what is kept of a
// target is bounded, however many requests there are and however they fail.
//
// No text of a peer is in a label, and texts of failures are cleaned when they are kept.
package numbers

import (
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Snapshot has the numbers of one target since the start, all from one moment. Metrics, the API,
// the pages and fire use it.
type Snapshot struct {
	About
	Counts

	Created     time.Time // when the counting began
	BreakerOpen bool
	// FailingSince is the start of the first burst in the present run of bursts with failures of
	// the target. TroubledSince is the same for trouble of the prober's own: codes 1001 to 1007,
	// 1024 and 1040, requests held back, requests sent late. Each is zero if the last burst had
	// none.
	FailingSince, TroubledSince time.Time
	// LastFailing is the last run of bursts with failures of the target that is over: from the
	// start of its first burst to the start of the first one without failures.
	LastFailing Span

	// Requests is how many ended, and Codes how many ended with each code, ascending. P50 and P99
	// are percentiles of the latency of all of them, within 10%; 0 without any. WithSummary.
	Requests uint64
	Codes    []CodeCount
	P50, P99 time.Duration
	// Trouble has the kinds of failures in the burst under way or, while it has none, in the last
	// one. The commonest come first, eight at most. WithSummary.
	Trouble []FailureKind
	// Last is the last burst that ended, nil before. WithSummary.
	Last *Burst

	// Kinds counts all failures, by code and phase. Responses counts all response headers, by
	// status and version of HTTP. Both are in that order. WithLabels.
	Kinds     []FailureKind
	Responses []ResponseCount

	// ByRequest has the requests of a mix, or the steps of a journey, in the order of the
	// configuration. It is empty for a target with one request without a name. The target's other
	// numbers are the sums. Journey is nil for a target without journeys.
	ByRequest []RequestNumbers
	Journey   *JourneyNumbers

	// History has the last bursts, the oldest first: at most 48. Failures has the last
	// failures, the latest first: at most 16. WithHistory.
	History  []Burst
	Failures []Failure
	// TLS is nil before the first handshake. WithHistory.
	TLS *TLS
	// Outcome says how the last burst ended. SendRate is how many of its requests or journeys
	// started per second; 0 if there is no rate. WithHistory.
	Outcome  Outcome
	SendRate float64

	*Distributions // WithDistributions, else nil
}

// Span is a time from one moment to another; it is zero if there was none.
type Span struct{ From, To time.Time }

// About describes a target without its counts.
type About struct {
	Name string
	// URL has no userinfo and no query.
	URL      string
	Interval time.Duration
	Labels   map[string]string // from the configuration; shared, not to be changed
	// Calls means that the target gets gRPC calls.
	Calls bool
	// Unchecked means that any certificate of the target is accepted.
	Unchecked bool
	// Asks means that the target is a DNS server.
	Asks bool
	// ClientNotAfter is the end of the client certificate, zero without one.
	ClientNotAfter time.Time
	// ObjectiveRatio is the share of requests that must succeed. ObjectiveLatency is how long
	// requests may take, all but one in twenty. They are 0 if the configuration does not set them.
	ObjectiveRatio   float64
	ObjectiveLatency time.Duration
	// ObjectiveWindow is how long the error budget of the objective lasts; 0 without one.
	ObjectiveWindow time.Duration
	// Comparison is nil unless the target is compared with another one.
	Comparison *Comparison
	// Maintenance is nil for a target without maintenance windows.
	Maintenance *Maintenance
	// Open is how many connections are open.
	Open int
}

// Parts says which optional parts a snapshot has. Each takes time and memory, and a prober has
// thousands of targets.
type Parts uint8

// The parts of a snapshot, as named at its fields.
const (
	WithSummary Parts = 1 << iota
	WithLabels
	WithHistory
	WithDistributions
	WithMaintenanceEnd

	WithEverything = WithSummary | WithLabels | WithHistory | WithDistributions | WithMaintenanceEnd
)

// Snapshot returns the numbers of the target at one moment. The caller fills in About.
func (r *Recorder) Snapshot(parts Parts) (s Snapshot) {
	r.Fill(&s, parts, nil)
	return s
}

// Fill is Snapshot into an existing empty snapshot, so that large slices of snapshots need no
// copies. Its distributions use memory.
func (r *Recorder) Fill(s *Snapshot, parts Parts, memory *Memory) {
	r.read(s, parts, memory)
	for i := range s.ByRequest {
		n := &s.ByRequest[i]
		n.sort()
		s.Kinds, s.Responses = append(s.Kinds, n.Kinds...), append(s.Responses, n.Responses...)
	}
	slices.SortFunc(s.Kinds, FailureKind.compare)
	slices.SortFunc(s.Responses, ResponseCount.compare)
	if len(s.ByRequest) == 0 {
		return
	}
	s.Kinds, s.Responses = addKinds(s.Kinds), addResponses(s.Responses)
	if s.Distributions != nil && parts&WithSummary != 0 {
		s.Distributions.ByCode = mergeHistograms(s.ByRequest)
	}
}

// read is Fill without sorting and merging, so it holds the lock for less time. Workers
// wait for that lock at the end of each request.
func (r *Recorder) read(s *Snapshot, parts Parts, memory *Memory) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Arrivals have become due since the last request ended. Without this a scrape in
	// between would not show them.
	if r.arrivals != nil {
		r.advance(probe.Now())
	}
	s.Counts = r.counts
	s.Created, s.BreakerOpen = r.created, r.breaker.IsOpen()
	s.FailingSince, s.TroubledSince, s.LastFailing = r.history.failingSince, r.history.troubledSince, r.history.lastFailing
	if parts&WithSummary != 0 {
		s.Trouble, s.Last = r.history.trouble(), r.history.latest()
	}
	if parts&WithHistory != 0 {
		s.History, s.Failures = r.history.exportBursts(), r.history.exportFailures()
		s.TLS, s.Outcome, s.SendRate = tlsOf(&r.counts.tls), r.outcome(), r.history.sendRate()
	}
	if parts&WithDistributions != 0 {
		s.Distributions = memory.cloneDistributions(&r.times)
	}
	if r.named {
		r.readRequests(s, parts, memory)
	} else {
		r.readOne(s, parts, memory)
	}
}

// readOne fills in the numbers of a target without named requests.
func (r *Recorder) readOne(s *Snapshot, parts Parts, memory *Memory) {
	n := r.requests[0].numbers(parts, memory)
	s.Requests, s.Codes, s.P50, s.P99 = n.Requests, n.Codes, n.P50, n.P99
	s.Kinds, s.Responses = n.Kinds, n.Responses
	if s.Distributions != nil {
		s.ByCode = n.ByCode
	}
}

// readRequests fills in the numbers of each request, and of all together.
func (r *Recorder) readRequests(s *Snapshot, parts Parts, memory *Memory) {
	s.ByRequest = make([]RequestNumbers, len(r.requests))
	histograms := make([]map[errcode.Code]*Histogram, len(r.requests))
	for i, t := range r.requests {
		s.ByRequest[i], histograms[i] = t.numbers(parts, memory), t.byCode
	}
	if parts&WithSummary != 0 {
		sum := summaryOf(histograms...)
		s.Requests, s.Codes, s.P50, s.P99 = sum.requests, sum.codes, sum.p50, sum.p99
	}
	if r.journey != nil {
		s.Journey = r.journey.numbers(r.requests, parts)
	}
}

// Own returns how many requests had trouble of the prober's own, codes 1001 to 1007, 1024 and 1040.
func (s *Snapshot) Own() uint64 { return ownOf(s.Codes) }

// Failed returns how many requests failed by the target's doing.
func (s *Snapshot) Failed() uint64 { return failedOf(s.Codes) }
