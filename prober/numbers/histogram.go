package numbers

import (
	"math"
	"slices"
	"time"
)

const (
	// nativeBuckets is how many native buckets of the usual schema may be in use. With
	// more, the resolution is halved.
	nativeBuckets = 160
	// nativeZero is the width of the zero bucket in seconds, the usual 2^-128.
	nativeZero = 2.938735877055719e-39
)

// Bounds are the upper bounds of classic buckets, in ascending order.
type Bounds struct {
	seconds []float64
	limits  []time.Duration
	coarse  int // of the native buckets

	text, openText []string // the ends of the lines of buckets, up to their counts
}

// burstBounds suit the duration of bursts.
var burstBounds = NewBounds([]float64{0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800})

// NewBounds returns bounds in seconds. The texts of the buckets are made here, since each
// scrape writes them for every series.
func NewBounds(seconds []float64) *Bounds {
	b := &Bounds{
		seconds: seconds, limits: make([]time.Duration, len(seconds)),
		text: boundTexts(seconds, appendFloat), openText: boundTexts(seconds, appendOpenFloat),
	}
	for i, s := range seconds {
		b.limits[i] = limitOf(s)
	}
	return b
}

// WithNativeFactor returns the same bounds with other native buckets: each ends at no more
// than factor times the end of the bucket before. The least possible factor is 1.0027, the
// greatest 2. 0 leaves the usual buckets.
func (b *Bounds) WithNativeFactor(factor float64) *Bounds {
	c := *b
	if factor == 0 {
		return &c
	}
	c.coarse = usualSchema - schemaOf(factor)
	return &c
}

// limitOf returns the longest duration not above so many seconds.
func limitOf(seconds float64) time.Duration {
	if seconds >= time.Duration(math.MaxInt64).Seconds() {
		return math.MaxInt64
	}
	limit := time.Duration(math.Round(seconds * float64(time.Second)))
	if limit.Seconds() > seconds {
		limit--
	}
	return limit
}

// index returns the first bucket that holds d, len(limits) for the bucket without a bound.
// Latencies are mostly small, and a few comparisons in order cost less than a binary search
// with branches that the processor cannot predict.
func (b *Bounds) index(d time.Duration) int {
	for i, limit := range b.limits {
		if d <= limit {
			return i
		}
	}
	return len(b.limits)
}

// Histogram counts durations in classic and native buckets at once. It is not safe for
// concurrent use: its owner has a lock for all numbers that must agree with each other.
type Histogram struct {
	count   uint64
	sum     totalTime
	longest time.Duration
	classic []uint64 // not cumulative; the last one has no bound
	native  sparse
	created time.Time

	exemplars *exemplars // nil without any
}

// NewHistogram returns a histogram that counts since created.
func NewHistogram(created time.Time) Histogram { return Histogram{created: created} }

func (h *Histogram) observe(b *Bounds, d time.Duration) {
	// The buckets are allocated with the first duration: most codes of most targets never
	// occur.
	if h.classic == nil {
		h.classic, h.native.coarse = make([]uint64, len(b.limits)+1), b.coarse
	}
	if h.created.IsZero() {
		h.created = time.Now()
	}
	d = max(d, 0)
	h.count++
	h.sum.add(d)
	h.longest = max(h.longest, d)
	h.classic[b.index(d)]++
	h.native.observe(d)
}

// Merge adds the counts of other, a histogram with the same bounds. It keeps the earlier
// time of creation.
func (h *Histogram) Merge(other *Histogram) {
	if other.count == 0 {
		return
	}
	if h.classic == nil {
		h.classic = make([]uint64, len(other.classic))
	}
	if h.created.IsZero() || other.created.Before(h.created) {
		h.created = other.created
	}
	h.count += other.count
	h.sum.merge(other.sum)
	h.longest = max(h.longest, other.longest)
	for i, n := range other.classic {
		h.classic[i] += n
	}
	h.native.merge(&other.native)
}

// Clone returns a copy that shares nothing with h but the exemplars: nobody writes to
// those.
func (h *Histogram) Clone() Histogram {
	c := *h
	c.classic = slices.Clone(h.classic)
	c.native.counts = slices.Clone(h.native.counts)
	return c
}

// Count returns how many durations were counted.
func (h *Histogram) Count() uint64 { return h.count }

// Sum returns the sum of the durations, as far as a Duration can hold it.
func (h *Histogram) Sum() time.Duration { return h.sum.duration() }

// Quantile returns an estimate of the q-quantile: the upper end of its native bucket, or
// the longest duration if that is less. It returns 0 for an empty histogram.
func (h *Histogram) Quantile(q float64) time.Duration {
	estimate, _ := h.quantile(q)
	return estimate
}

// quantile is Quantile with the largest possible error: the true value is above estimate -
// width, the lower end of the bucket.
func (h *Histogram) quantile(q float64) (estimate, width time.Duration) {
	rank := uint64(math.Ceil(q * float64(h.count)))
	if h.count == 0 || rank <= h.native.zero {
		return 0, 0
	}
	seen := h.native.zero
	for i, n := range h.native.counts {
		if seen += n; seen >= rank {
			bucket := h.native.first + i
			estimate = min(h.native.bound(bucket), h.longest)
			return estimate, max(0, estimate-h.native.bound(bucket-1))
		}
	}
	return 0, 0
}
