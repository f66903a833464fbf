package prober

import (
	"math"
	"slices"
	"time"

	"example.com/prober/errcode"
)

// Report is what a [Shot] came to.
type Report struct {
	Target string
	// URL has no userinfo and no query.
	URL string
	// Start is when the burst began, Duration the time from then to the end of its
	// last request.
	Start    time.Time
	Duration time.Duration
	Outcome  Outcome
	Plan     Plan
	// Scheduled requests were due: each succeeded, failed or was dropped.
	Scheduled, Succeeded, Failed uint64
	// Drops tells how many never started, by reason; reasons that did not occur are
	// left out.
	Drops []DropCount
	// Cut is how many requests were never due because the burst was ended early, as far
	// as that is known. They are not among Scheduled.
	Cut uint64
	// Rate is how many requests per second were sent: over the whole burst if it is
	// closed, else from the first that started to the last. It is 0 where there is none:
	// one request of an open burst has no rate.
	Rate float64
	// Latency is from due to the last byte or the failure, of all requests but those
	// that failed for the prober's own trouble.
	Latency Latency
	Phases  []PhaseTime
	// Codes are sorted by number, Responses with the commonest first.
	Codes     []CodeCount
	Responses []ResponseCount
	// Failures has the last failures, the latest first: one of each kind.
	Failures []Failure
	// Opened counts connections, Reused the requests sent on one that was open.
	Opened, Reused uint64
	// Resent counts the requests that were sent once more, because the server said
	// that it had not processed them.
	Resent uint64
	// Sent and Received count bytes of HTTP, without TLS.
	Sent, Received uint64
	// TLS is nil where no handshake showed a certificate.
	TLS *TLS
	// ClientNotAfter is the end of the client certificate, zero without one.
	ClientNotAfter time.Time
	// LagP99 is a percentile of the prober's own lateness; 0 for a closed burst,
	// which has no schedule to be late for.
	LagP99 time.Duration
}

// Outcome says how a burst came to its end.
type Outcome string

// A burst goes through, is interrupted by the end of its schedule while requests are
// left, or is ended by the target's breaker.
const (
	Complete    Outcome = "complete"
	Interrupted Outcome = "interrupted"
	Broken      Outcome = "breaker"
)

// Latency sums up the durations of Count requests; all others are 0 where that is.
// Percentiles are less than 5 % above the true value as long as the histogram is at its
// finest, Mean and Max are exact.
type Latency struct {
	Count                               uint64
	Mean, P50, P90, P95, P99, P999, Max time.Duration
	// Buckets are those that hold anything, ascending.
	Buckets []Bucket
	// Rows are the same requests in MostRows buckets or fewer, joined until they fit. They
	// follow one another: some may be empty.
	Rows []Bucket
}

// MostRows is how many rows there are of a latency at most.
const MostRows = 12

// Bucket counts the durations above Lower, up to Upper. Of what the histogram can tell
// apart, Upper is the sixteenth root of two times Lower; where buckets are joined, the
// factor is squared for each time that two were made one.
type Bucket struct {
	Lower, Upper time.Duration
	Count        uint64
}

// PhaseTime sums up the time that Count requests spent in a phase.
type PhaseTime struct {
	Phase     errcode.Phase
	Count     uint64
	Mean, P99 time.Duration
}

// Dropped returns how many requests never started.
func (r *Report) Dropped() uint64 {
	var n uint64
	for _, d := range r.Drops {
		n += d.Count
	}
	return n
}

// OK tells whether the burst went through, there was a request, and each that was
// due succeeded.
func (r *Report) OK() bool {
	return r.Outcome == Complete && r.Scheduled > 0 && r.Succeeded == r.Scheduled
}

// Report returns what the burst came to. It is called after Fire has returned.
func (s *Shot) Report() Report {
	d, t := s.entry.detail(), s.target.recorder.snapshot()
	r := Report{
		Target:         d.Name,
		URL:            d.URL,
		Start:          t.lastBurstStart,
		Duration:       t.burstDuration.longest,
		Outcome:        s.outcome(),
		Plan:           s.Plan(),
		Scheduled:      t.scheduled,
		Drops:          d.DroppedBy,
		Latency:        latencyOf(t),
		Phases:         phaseTimes(t),
		Codes:          d.Codes,
		Responses:      d.Responses,
		Failures:       d.Failures,
		Opened:         d.Opened,
		Reused:         d.Reused,
		Resent:         d.Resent,
		Sent:           d.Sent,
		Received:       d.Received,
		TLS:            d.TLS,
		ClientNotAfter: s.entry.engine.ClientCertificateNotAfter(),
		LagP99:         t.lag.quantile(0.99),
	}
	for _, c := range d.Cuts {
		r.Cut += c.Requests
	}
	r.add()
	r.Rate = s.rate(&r)
	return r
}

func (s *Shot) outcome() Outcome {
	r := s.target.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.thinned:
		return Broken
	case r.last.cut:
		return Interrupted
	}
	return Complete
}

// add fills in what is computed from the codes.
func (r *Report) add() {
	for _, c := range r.Codes {
		if c.Code == errcode.OK {
			r.Succeeded += c.Count
		} else {
			r.Failed += c.Count
		}
	}
}

// rate returns the rate of what was sent, which may be far from what was asked for.
func (s *Shot) rate(r *Report) float64 {
	if r.Plan.Rate == 0 && r.Duration > 0 {
		return float64(r.Succeeded+r.Failed) / r.Duration.Seconds()
	}
	recorder := s.target.recorder
	recorder.mu.Lock()
	defer recorder.mu.Unlock()
	if live := recorder.history.live; live != nil {
		return live.starts.rate()
	}
	return 0
}

func latencyOf(t *tally) Latency {
	var all histogram
	for code, h := range t.codes {
		if !code.IsLocal() {
			all.merge(h)
		}
	}
	return Latency{
		Count:   all.count,
		Mean:    all.sum.mean(all.count),
		P50:     all.quantile(0.5),
		P90:     all.quantile(0.9),
		P95:     all.quantile(0.95),
		P99:     all.quantile(0.99),
		P999:    all.quantile(0.999),
		Max:     all.longest,
		Buckets: all.native.buckets(),
		Rows:    all.native.rows(MostRows),
	}
}

func phaseTimes(t *tally) []PhaseTime {
	var phases []PhaseTime
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		if h := &t.phases[p]; h.count > 0 {
			phases = append(phases, PhaseTime{p, h.count, h.sum.mean(h.count), h.quantile(0.99)})
		}
	}
	return phases
}

// buckets returns the buckets that are not empty.
func (s *sparse) buckets() []Bucket {
	return slices.DeleteFunc(s.rows(math.MaxInt), func(b Bucket) bool { return b.Count == 0 })
}

// rows joins buckets until they are so many at most, and returns all from the first to
// the last that holds anything.
func (s *sparse) rows(most int) []Bucket {
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
