package numbers

import (
	"math"
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
)

// Report is the report of one burst. It has all parts of the snapshot after the burst.
type Report struct {
	Snapshot

	// Duration is the time from the start of the burst to the end of its last request.
	Duration time.Duration
	Plan     load.Plan
	// Each Scheduled request succeeded, failed for any reason, or was dropped.
	Succeeded, Failed uint64
	// Rate is how many requests were sent or journeys begun per second. For a closed burst it is
	// over the whole burst, else from the first start to the last. It is 0 if there is no rate:
	// one request has none.
	Rate float64
	// Latency is from due to the last byte or the failure. It leaves out requests that failed for
	// the prober's own trouble.
	Latency Latency
	Phases  []PhaseTime
	// LagP99 is a percentile of the prober's own lateness; 0 for a closed burst, because it has
	// no schedule.
	LagP99 time.Duration
	// LateReads has the lateness of reading answers, for answers with an arrival time from the
	// kernel's clock.
	LateReads LateReads
	// Rows has the requests of a mix, or the steps of a journey. It is empty for a target with
	// one request without a name.
	Rows []RequestRow
	// JourneyLatency is the latency of successful journeys, without the time between their steps.
	// The counts of journeys are in [Snapshot.Journey], and the counts of each step in Funnel, in
	// order.
	JourneyLatency Latency
	Funnel         []FunnelStep
}

// RequestRow has the numbers of one request of a target in a burst.
type RequestRow struct {
	Name string
	// Each Scheduled request succeeded, failed, or was dropped.
	Scheduled, Succeeded, Failed uint64
	Dropped                      Drops
	Codes                        []CodeCount
	// Latency is as in [Report], for this request.
	Latency Latency
}

func rowOf(n *RequestNumbers) RequestRow {
	row := RequestRow{Name: n.Name, Scheduled: n.Scheduled, Dropped: n.Dropped, Codes: n.Codes, Latency: latencyOf(n.ByCode)}
	row.Succeeded, row.Failed = succeeded(n.Codes)
	return row
}

// succeeded returns how many requests succeeded, and how many did not.
func succeeded(codes []CodeCount) (ok, failed uint64) {
	for _, c := range codes {
		if c.Code == errcode.OK {
			ok += c.Count
		} else {
			failed += c.Count
		}
	}
	return ok, failed
}

// Outcome says how a burst ended.
type Outcome string

// A burst is complete, or is interrupted by the end of its schedule with requests left, or is
// ended by the target's breaker.
const (
	Complete    Outcome = "complete"
	Interrupted Outcome = "interrupted"
	Broken      Outcome = "breaker"
)

// Words returns the words of reports for the outcome. The duration of the burst follows them.
func (o Outcome) Words() string {
	switch o {
	case Interrupted:
		return "interrupted after"
	case Broken:
		return "ended by the breaker after"
	default:
		return "took"
	}
}

// Latency sums up the durations of Count requests. If Count is 0, all other fields are 0.
// Percentiles are above the true value by less than Widths; Mean and Max are exact.
type Latency struct {
	Count                               uint64
	Mean, P50, P90, P95, P99, P999, Max time.Duration
	// Widths are the widths of the percentiles' buckets: each percentile is above the true value
	// by less than its width.
	Widths Widths
	// Buckets are the buckets in use, ascending.
	Buckets []Bucket
	// Rows are the same requests in MostRows buckets or fewer. Neighbouring buckets are joined
	// until they fit. There are no gaps between rows, so a row may be empty.
	Rows []Bucket
}

// Widths are how wide the buckets of percentiles are.
type Widths struct{ P50, P90, P95, P99, P999 time.Duration }

// MostRows is the greatest number of rows of a latency.
const MostRows = 12

// Bucket counts the durations above Lower, up to Upper. The factor between the two is the factor
// of the native histogram, squared each time buckets were joined in pairs.
type Bucket struct {
	Lower, Upper time.Duration
	Count        uint64
}

// LateReads sums up how long Count answers lay in the kernel before they were read.
type LateReads struct {
	Count    uint64
	P50, P99 time.Duration
}

// PhaseTime sums up the time that Count requests spent in a phase.
type PhaseTime struct {
	Phase     errcode.Phase
	Count     uint64
	Mean, P99 time.Duration
}

// OK reports whether the burst was complete, there was a request, and all due requests and all
// journeys succeeded. A journey can be interrupted before its next step is due, so it counts too.
func (r *Report) OK() bool {
	if r.Journey != nil && r.Journey.Count(JourneySuccess) < r.Journey.Total() {
		return false
	}
	return r.Outcome == Complete && r.Scheduled > 0 && r.Succeeded == r.Scheduled
}

// NewReport returns the report of the only burst in s. s must have all parts.
func NewReport(s Snapshot, plan load.Plan) Report {
	r := Report{
		Snapshot:  s,
		Duration:  s.BurstDuration.longest,
		Plan:      plan,
		Latency:   latencyOf(s.ByCode),
		LagP99:    s.LagP99(),
		LateReads: LateReads{s.ReceiveLag.count, s.ReceiveLag.Quantile(0.5), s.ReceiveLag.Quantile(0.99)},
	}
	r.Phases = s.phaseTimes()
	r.Succeeded, r.Failed = succeeded(s.Codes)
	for i := range s.ByRequest {
		r.Rows = append(r.Rows, rowOf(&s.ByRequest[i]))
	}
	sent := r.Succeeded + r.Failed
	if s.Journey != nil {
		r.JourneyLatency = s.Journey.Durations[JourneySuccess].latency()
		r.Funnel = s.Journey.Funnel(s.ByRequest)
		sent = s.Journey.Total()
	}
	r.Rate = s.SendRate
	if plan.Rate == 0 && r.Duration > 0 && sent > 1 { // what was sent may be far from what was asked for
		r.Rate = float64(sent) / r.Duration.Seconds()
	}
	return r
}

// LatencyOfAll sums up the durations of the requests of several targets. The snapshots must have
// their distributions.
func LatencyOfAll(targets []*Snapshot) Latency {
	var all Histogram
	for _, s := range targets {
		for code, h := range s.ByCode {
			if !code.IsLocal() {
				all.Merge(h)
			}
		}
	}
	return all.latency()
}

// CodesOfAll returns how many requests of several targets ended with each code, ascending.
func CodesOfAll(targets []*Snapshot) []CodeCount {
	var all []CodeCount
	for _, s := range targets {
		all = append(all, s.Codes...)
	}
	return addCodes(all)
}

// latencyOf sums up the durations of requests by code. It leaves out requests that failed for the
// prober's own trouble.
func latencyOf(byCode map[errcode.Code]*Histogram) Latency {
	var all Histogram
	for code, h := range byCode {
		if !code.IsLocal() {
			all.Merge(h)
		}
	}
	return all.latency()
}

func (h *Histogram) latency() Latency {
	l := Latency{
		Count:   h.count,
		Mean:    h.sum.mean(h.count),
		Max:     h.longest,
		Buckets: h.native.buckets(),
		Rows:    h.native.rows(MostRows),
	}
	l.P50, l.Widths.P50 = h.quantile(0.5)
	l.P90, l.Widths.P90 = h.quantile(0.9)
	l.P95, l.Widths.P95 = h.quantile(0.95)
	l.P99, l.Widths.P99 = h.quantile(0.99)
	l.P999, l.Widths.P999 = h.quantile(0.999)
	return l
}

func (d *Distributions) phaseTimes() []PhaseTime {
	var phases []PhaseTime
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		if h := &d.Phases[p]; h.count > 0 {
			phases = append(phases, PhaseTime{p, h.count, h.sum.mean(h.count), h.Quantile(0.99)})
		}
	}
	return phases
}

// buckets returns the buckets in use.
func (s *sparse) buckets() []Bucket {
	return slices.DeleteFunc(s.rows(math.MaxInt), func(b Bucket) bool { return b.Count == 0 })
}

// rows joins buckets until there are at most most, and returns all from the first bucket in use
// to the last.
func (s *sparse) rows(most int) []Bucket {
	// A copy: halving must not make the histogram coarser.
	var joined sparse
	joined.merge(s)
	var all []Bucket
	if joined.zero > 0 {
		all = append(all, Bucket{Count: joined.zero})
	}
	for len(all)+len(joined.counts) > most {
		joined.halve()
	}
	for i, n := range joined.counts {
		all = append(all, Bucket{joined.bound(joined.first + i - 1), joined.bound(joined.first + i), n})
	}
	return all
}
