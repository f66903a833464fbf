package numbers

import (
	"net/netip"
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// Burst is what one burst of a target came to. Times are exact enough to be drawn.
type Burst struct {
	Start    time.Time
	Duration time.Duration
	// Requests that ended. Of them Failed by the target's doing, and Own had trouble
	// of the prober's own, codes 1001 to 1007, 1024 and 1040.
	Requests, Failed, Own uint64
	// Kinds are the commonest ways in which requests failed, eight at most.
	Kinds []FailureKind
	// Dropped requests were due and never started. Held are those of them that the
	// prober held back by want of a worker, by a ceiling, or because it did not run;
	// Frozen are those of the last kind.
	Dropped, Held, Frozen uint64
	// CutBy is the reason for which the burst was ended before all of its requests were
	// due, as in the label reason; empty if it was not. Cut is how many requests never
	// were, as far as that is known.
	CutBy string
	Cut   uint64
	// The latency of all requests, within 6%; Max is exact.
	P50, P95, P99, Max time.Duration
	// Latency is the share of the requests in each row of the latency, as
	// [LatencyRow] divides them: 255 is all of them, 0 none.
	Latency [LatencyRows]uint8
	// Phases are means over all requests, those that did not come as far included.
	Phases [errcode.NumPhases]time.Duration
	// Lag is the mean time from when requests were due to when they were sent, as
	// far as the prober itself is the cause. Late tells that it is above 10 ms.
	Lag            time.Duration
	Late           bool
	Opened, Reused uint64
}

// Failure is the first of its kind within a burst.
type Failure struct {
	Time time.Time
	// Request is the name of the request that failed, "" where the target has but one.
	Request string
	Code    errcode.Code
	Phase   errcode.Phase
	// Text is what the error says, at most 176 bytes that are safe to print: without
	// control characters, queries and credentials. It is empty where the code says it
	// all.
	Text string
	// Remote is the address that was dialled last, or the zero value.
	Remote netip.AddrPort
	// Status is 0 without a response.
	Status   int
	Duration time.Duration
	// Count is how many requests of the burst failed like this one, itself included, whichever
	// of the target's requests they were.
	Count uint64
	// TraceID is that of the request's traceparent, in hexadecimal digits; empty without one.
	TraceID string
	// Answer is what is kept of the answer, shared and not to be changed; nil where nothing is.
	Answer *Answer
}

// latest returns the last burst that ended, nil before.
func (h *history) latest() *Burst {
	if h.ended == 0 {
		return nil
	}
	b := h.bursts[(h.ended-1)%keptBursts].export()
	return &b
}

// trouble returns the kinds of failures of the burst under way or, while it has
// none, of the last one.
func (h *history) trouble() (all []FailureKind) {
	if h.live == nil {
		return nil
	}
	kinds, used := h.live.kinds, h.live.used
	if used == 0 {
		kinds, used = h.live.last, h.live.lastUsed
	}
	slices.SortStableFunc(kinds[:used], byCount)
	for _, k := range kinds[:used] {
		request := h.last.ring[k.sample].request.Value()
		if k.several {
			request = ""
		}
		all = append(all, k.export(request))
	}
	return all
}

// exportBursts returns the bursts that are kept, the oldest first.
func (h *history) exportBursts() []Burst {
	all := make([]Burst, len(h.bursts))
	for i := range all {
		all[i] = h.bursts[(h.ended-len(all)+i)%keptBursts].export()
	}
	return all
}

// exportFailures returns the failures that are kept, the latest first.
func (h *history) exportFailures() []Failure {
	f := &h.last
	all := make([]Failure, len(f.ring))
	for i := range all {
		all[i] = f.ring[(f.added-1-i)%keptFailures].export()
	}
	return all
}

func (b *pastBurst) export() Burst {
	longest := duration(b.max)
	out := Burst{
		Start:    time.UnixMilli(b.start),
		Duration: duration(b.duration),
		Requests: uint64(b.requests), Failed: uint64(b.failed), Own: uint64(b.own),
		Dropped: uint64(b.dropped), Held: uint64(b.held), Frozen: uint64(b.late),
		P50: b.p50.duration(longest), P95: b.p95.duration(longest), P99: b.p99.duration(longest), Max: longest,
		Latency: b.latency,
		Lag:     duration(b.lag),
		Late:    b.isLate(),
		Opened:  uint64(b.opened), Reused: uint64(b.reused),
	}
	if b.cutBy > 0 {
		out.CutBy, out.Cut = load.DropReason(b.cutBy-1).String(), uint64(b.cut)
	}
	for i, mean := range b.phases {
		out.Phases[i+1] = duration(mean)
	}
	out.Kinds = exportKinds(b.kinds)
	return out
}

func exportKinds(kinds *[keptKinds]kind) (all []FailureKind) {
	if kinds == nil {
		return nil
	}
	for _, k := range kinds {
		if k.count > 0 {
			all = append(all, k.export(""))
		}
	}
	return all
}

func (k kind) export(request string) FailureKind {
	return FailureKind{Code: k.code, Phase: k.phase, Count: uint64(k.count), Request: request}
}

func (f *failure) export() Failure {
	return Failure{
		Time:     time.UnixMilli(f.at),
		Request:  f.request.Value(),
		Code:     f.code,
		Phase:    f.phase,
		Text:     f.text,
		Remote:   f.remote,
		Status:   int(f.status),
		Duration: duration(f.duration),
		Count:    uint64(f.count),
		Answer:   f.extra.get().answer,
		TraceID:  traceText(f.extra.get().trace),
	}
}

func traceText(id probe.TraceID) string {
	if id == (probe.TraceID{}) {
		return ""
	}
	return id.String()
}

func duration(seconds float32) time.Duration {
	return time.Duration(float64(seconds) * float64(time.Second))
}
