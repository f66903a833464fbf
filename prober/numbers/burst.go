package numbers

import (
	"net/netip"
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// Burst has the numbers of one burst of a target. Times are exact enough for a chart.
type Burst struct {
	Start    time.Time
	Duration time.Duration
	// Requests that ended. Failed ones failed by the target's doing. Own ones had trouble of
	// the prober's own, codes 1001 to 1007, 1024 and 1040.
	Requests, Failed, Own uint64
	// Kinds are the commonest kinds of failures, eight at most.
	Kinds []FailureKind
	// Dropped requests were due and never started. Held is their part that the prober held back
	// for want of a worker, by a ceiling, or because it did not run. Frozen is the part of Held
	// for the last reason.
	Dropped, Held, Frozen uint64
	// CutBy is why the burst ended before all of its requests were due, as in the label reason.
	// It is empty if it did not. Cut is how many requests were never due, as far as known.
	CutBy string
	Cut   uint64
	// The latency of all requests, within 6%; Max is exact.
	P50, P95, P99, Max time.Duration
	// Latency is the share of the requests in each row of the latency, as
	// [LatencyRow] divides them: 255 is all of them, 0 none.
	Latency [LatencyRows]uint8
	// Phases are means over all requests, including requests that ended before the phase.
	Phases [errcode.NumPhases]time.Duration
	// Lag is the mean time from when requests were due to when they were sent, as far as the
	// prober itself is the cause. Late means that it is above 10 ms.
	Lag            time.Duration
	Late           bool
	Opened, Reused uint64
}

// Failure is the first of its kind within a burst.
type Failure struct {
	Time time.Time
	// Request is the name of the failed request, "" if the target has only one.
	Request string
	Code    errcode.Code
	Phase   errcode.Phase
	// Text is the text of the error, at most 176 bytes. It is safe to print: it has no control
	// characters, queries or credentials. It is empty if the code says everything.
	Text string
	// Remote is the address that was dialled last, or the zero value.
	Remote netip.AddrPort
	// Status is 0 without a response.
	Status   int
	Duration time.Duration
	// Count is how many requests of the burst failed like this one, including itself. It counts
	// over all requests of the target.
	Count uint64
	// TraceID is the trace ID in the request's traceparent, in hexadecimal digits; empty
	// without one.
	TraceID string
	// Answer is the kept part of the answer, shared and not to be changed; nil if nothing is
	// kept.
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

// trouble returns the kinds of failures of the burst under way, or of the last burst while this
// one has none.
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

// exportBursts returns the kept bursts, the oldest first.
func (h *history) exportBursts() []Burst {
	all := make([]Burst, len(h.bursts))
	for i := range all {
		all[i] = h.bursts[(h.ended-len(all)+i)%keptBursts].export()
	}
	return all
}

// exportFailures returns the kept failures, the latest first.
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
