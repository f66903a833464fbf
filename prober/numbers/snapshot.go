// Package numbers says what came of the requests: it counts them as they end, and makes of
// the counts all that is shown. The numbers of a target are in a [Recorder], under one lock;
// a [Snapshot] is what they are at one moment, and metrics, pages, the API and reports are
// drawn from it.
package numbers

import (
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
	// LastFailing is the last run of bursts with failures of the target that is over: from the
	// start of its first burst to that of the first one without failures.
	LastFailing Span

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

	// ByRequest has the requests of a mix, or the steps of a journey, in the order of the
	// configuration; it is empty for a target with one request without a name. What the target
	// has above and below are the sums. Journey is nil for one without journeys.
	ByRequest []RequestNumbers
	Journey   *JourneyNumbers

	// History has the last bursts, the oldest first: at most 48. Failures has the last
	// failures, the latest first: at most 16. WithHistory.
	History  []Burst
	Failures []Failure
	// TLS is nil before the first handshake. WithHistory.
	TLS *TLS
	// Outcome says how the last burst came to its end, SendRate how many of its requests
	// started per second, or of its journeys; 0 where there is no rate. WithHistory.
	Outcome  Outcome
	SendRate float64

	*Distributions // WithDistributions, else nil
}

// Span is a time from one moment to another; it is zero where there was none.
type Span struct{ From, To time.Time }

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
	// ObjectiveRatio is the share of requests that must succeed, ObjectiveLatency how long those
	// may take, all but one in twenty; 0 where the configuration says nothing of it.
	ObjectiveRatio   float64
	ObjectiveLatency time.Duration
	// ObjectiveWindow is how long the error budget of the objective lasts; 0 without one.
	ObjectiveWindow time.Duration
	// Comparison is nil unless the target is compared with another one.
	Comparison *Comparison
	// Maintenance is nil where no window of maintenance is for the target.
	Maintenance *Maintenance
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
	WithMaintenanceEnd

	WithEverything = WithSummary | WithLabels | WithHistory | WithDistributions | WithMaintenanceEnd
)

// Snapshot returns what the target came to, as it is at one moment. About is left for who
// knows the target.
func (r *Recorder) Snapshot(parts Parts) (s Snapshot) {
	r.Fill(&s, parts, nil)
	return s
}

// Fill is Snapshot for an empty one that there is already: of many, none need be copied. Its
// distributions are made of memory.
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

// read is Fill with what is sorted and merged by nobody yet: the lock is held for less long.
func (r *Recorder) read(s *Snapshot, parts Parts, memory *Memory) {
	r.mu.Lock()
	defer r.mu.Unlock()
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

// readOne fills in what the requests of a target without named ones came to.
func (r *Recorder) readOne(s *Snapshot, parts Parts, memory *Memory) {
	n := r.requests[0].numbers(parts, memory)
	s.Requests, s.Codes, s.P50, s.P99 = n.Requests, n.Codes, n.P50, n.P99
	s.Kinds, s.Responses = n.Kinds, n.Responses
	if s.Distributions != nil {
		s.ByCode = n.ByCode
	}
}

// readRequests fills in what each request came to, and all of them together.
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
