package numbers

import (
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
)

// requestTally has the numbers of one request of a target: of a mix, or a step of a journey.
// scheduled = the counts of all codes + dropped + waiting + inFlight. Histograms are kept only
// here: the target's are their sums.
type requestTally struct {
	name    string // "" for the only request of a target without named ones
	created time.Time

	scheduled, waiting, inFlight uint64
	dropped                      Drops

	byCode    map[errcode.Code]*Histogram
	failures  map[failureKey]uint64
	responses map[responseKey]uint64
	need      load.Need // of open bursts
	trouble   requestTrouble
}

func newRequestTally(name string, created time.Time) *requestTally {
	return &requestTally{
		name:      name,
		created:   created,
		byCode:    map[errcode.Code]*Histogram{errcode.OK: {created: created}},
		failures:  make(map[failureKey]uint64),
		responses: make(map[responseKey]uint64),
	}
}

// histogram returns the histogram of a code, and makes it if needed.
func (t *requestTally) histogram(code errcode.Code) *Histogram {
	h := t.byCode[code]
	if h == nil {
		h = &Histogram{}
		t.byCode[code] = h
	}
	return h
}

// SetRequests sets the target's requests from now on: the requests of a mix or, if journey is
// set, the steps of a journey, in order, with distinct names. nil means one request without a
// name. No burst may be under way.
//
// The numbers of a name that stays are kept. The numbers of a removed name are forgotten, also in
// the sums of the target. A journey with another first step is another journey: all of its
// numbers begin at 0. So do all numbers if the kind of target changes.
func (r *Recorder) SetRequests(names []string, journey bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := make(map[string]*requestTally)
	if r.goesOn(names, journey) {
		for _, t := range r.requests {
			kept[t.name] = t
		}
	}
	now := time.Now()
	r.setJourney(journey, len(kept) > 0, now)
	r.named, r.requests = names != nil, nil
	if names == nil {
		names = []string{""}
	}
	for _, name := range names {
		t := kept[name]
		if t == nil {
			t = newRequestTally(name, now)
		}
		r.requests = append(r.requests, t)
	}
	r.addUp()
}

// goesOn reports whether the numbers of requests with the same names stay valid. A counter
// with the label request and one without are two series, and the journeys of another first
// step are others. To go on with the old count would show a jump where nothing happened.
func (r *Recorder) goesOn(names []string, journey bool) bool {
	if (names != nil) != r.named || journey != (r.journey != nil) {
		return false
	}
	return !journey || len(names) > 0 && names[0] == r.requests[0].name
}

// addUp makes the counts of the target the sums of its requests' counts.
func (r *Recorder) addUp() {
	c := &r.counts
	c.Scheduled, c.Waiting, c.InFlight, c.Dropped = 0, 0, 0, Drops{}
	for _, t := range r.requests {
		c.Scheduled += t.scheduled
		c.Waiting += t.waiting
		c.InFlight += t.inFlight
		for reason, n := range t.dropped {
			c.Dropped[reason] += n
		}
	}
}

// needs returns, by request, the known times of answers, ready for bursts with so many workers.
func (r *Recorder) needs(workers int) []*load.Need {
	needs := make([]*load.Need, len(r.requests))
	for i, t := range r.requests {
		t.need.Fit(workers)
		needs[i] = &t.need
	}
	return needs
}

// RequestNumbers are the numbers of one request of a target: of a mix, or a step of a journey.
// They agree with each other: Scheduled = the counts of all codes + Dropped + Waiting + InFlight.
type RequestNumbers struct {
	Name string
	// Created is when the counting began.
	Created                      time.Time
	Scheduled, Waiting, InFlight uint64
	Dropped                      Drops

	// Requests is how many ended, and Codes how many ended with each code, ascending. P50 and P99
	// are percentiles of the latency of all of them, within 10%; 0 without any. WithSummary.
	Requests uint64
	Codes    []CodeCount
	P50, P99 time.Duration

	// Kinds counts the failures, by code and phase. Responses counts the response headers, by
	// status and version of HTTP. Both are in that order. WithLabels.
	Kinds     []FailureKind
	Responses []ResponseCount

	// FailingSince and TroubledSince are as in [Snapshot], for this request. A burst without this
	// request changes neither.
	FailingSince, TroubledSince time.Time

	// ByCode has the durations of requests by code, for success and each code that has occurred.
	// WithDistributions.
	ByCode map[errcode.Code]*Histogram
}

// numbers returns the present numbers. Kinds and responses are not sorted yet.
func (t *requestTally) numbers(parts Parts, memory *Memory) RequestNumbers {
	n := RequestNumbers{Name: t.name, Created: t.created, Scheduled: t.scheduled, Waiting: t.waiting, InFlight: t.inFlight, Dropped: t.dropped}
	n.FailingSince, n.TroubledSince = t.trouble.failingSince, t.trouble.troubledSince
	if parts&WithSummary != 0 {
		s := summaryOf(t.byCode)
		n.Requests, n.Codes, n.P50, n.P99 = s.requests, s.codes, s.p50, s.p99
	}
	if parts&WithLabels != 0 {
		n.Kinds, n.Responses = kindsOf(t.failures), responsesOf(t.responses)
	}
	if parts&WithDistributions != 0 {
		n.ByCode = memory.cloneByCode(t.byCode)
	}
	return n
}

func (n *RequestNumbers) sort() {
	slices.SortFunc(n.Kinds, FailureKind.compare)
	slices.SortFunc(n.Responses, ResponseCount.compare)
}
