package numbers

import (
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// exemplar is one of the counted requests, with its trace.
type exemplar struct {
	trace   probe.TraceID
	latency time.Duration
	at      time.Time
}

// exemplars are requests of the last bursts: the first failed one of a burst, and the
// slowest one of a burst. They stand for all requests with the same code. They are never
// written to, so snapshots may share them.
type exemplars struct{ first, slowest exemplar }

// slowest is the slowest request of the burst under way.
type slowest struct {
	exemplar

	of *Histogram // of its request and code
}

// exemplify makes a request an exemplar if it is the first failure with its code or the
// slowest so far. A request that was never sent has no trace to look up, so it is none. h
// is the histogram of its request and code. A few requests of each burst are enough to look
// at, and the others cost nothing.
func (r *Recorder) exemplify(h *Histogram, res *probe.Result, code errcode.Code) {
	trace := sentTrace(res)
	if trace == (probe.TraceID{}) {
		return
	}
	first := code.IsFailure() && r.burst.failures[code] == 1
	slower := res.Duration() > r.slowest.latency
	if !first && !slower {
		return
	}
	e := exemplar{trace, res.Duration(), time.Now()}
	if first {
		// A new one each time: a snapshot may be reading the old one without the lock.
		h.exemplars = &exemplars{first: e, slowest: h.exemplars.get().slowest}
	}
	if slower {
		r.slowest = slowest{e, h}
	}
}

// endExemplars gives the slowest request of the ending burst to its histogram.
func (r *Recorder) endExemplars() {
	if r.slowest.latency > 0 {
		h := r.slowest.of
		h.exemplars = &exemplars{first: h.exemplars.get().first, slowest: r.slowest.exemplar}
	}
	r.slowest = slowest{}
}

func (e *exemplars) get() exemplars {
	if e == nil {
		return exemplars{}
	}
	return *e
}

// list returns the exemplars, the earlier one first.
func (e *exemplars) list() []exemplar {
	all := e.get()
	list := make([]exemplar, 0, 2)
	for _, one := range []exemplar{all.first, all.slowest} {
		if one.latency > 0 && !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b exemplar) int { return a.at.Compare(b.at) })
	return list
}

// dto returns the exemplar of a value.
func (e *exemplar) dto(value float64) *dto.Exemplar {
	return &dto.Exemplar{
		Label:     []*dto.LabelPair{pair("trace_id", e.trace.String()).message()},
		Value:     &value,
		Timestamp: timestamp(e.at),
	}
}

// latestExemplars are the exemplars of a histogram, the earlier one first, by bucket.
type latestExemplars struct {
	list    []exemplar
	buckets [2]int // those of list
}

func (h *Histogram) latestExemplars(b *Bounds) (l latestExemplars) {
	if h.exemplars == nil {
		return l
	}
	l.list = h.exemplars.list()
	for i := range l.list {
		l.buckets[i] = b.index(l.list[i].latency)
	}
	return l
}

// of returns the latest exemplar in a bucket, nil if there is none.
func (l *latestExemplars) of(bucket int) *exemplar {
	for i := len(l.list) - 1; i >= 0; i-- {
		if l.buckets[i] == bucket {
			return &l.list[i]
		}
	}
	return nil
}

// setExemplars gives each classic bucket its latest exemplar, and the native histogram
// all of them.
func (s *histogramSample) setExemplars(h *Histogram, b *Bounds, native bool) {
	out := &s.histogram
	out.Exemplars = out.Exemplars[:0]
	for _, e := range h.exemplars.list() {
		exemplar := e.dto(e.latency.Seconds())
		i := b.index(e.latency)
		if i == len(out.Bucket) { // the bucket +Inf is only written if it has an exemplar
			inf := math.Inf(1)
			out.Bucket = append(out.Bucket, &dto.Bucket{CumulativeCount: &s.count, UpperBound: &inf})
		}
		out.Bucket[i].Exemplar = exemplar
		if native {
			out.Exemplars = append(out.Exemplars, exemplar)
		}
	}
}
