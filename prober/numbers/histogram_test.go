package numbers

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var someBuckets = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

// reference records the same durations with the histogram of client_golang.
func reference(t *testing.T, durations []time.Duration) *dto.Histogram {
	t.Helper()
	h := prometheus.NewHistogram(prometheus.HistogramOpts{
		Buckets:                        someBuckets,
		NativeHistogramBucketFactor:    1.05,
		NativeHistogramZeroThreshold:   nativeZero,
		NativeHistogramMaxBucketNumber: nativeBuckets,
	})
	for _, d := range durations {
		h.Observe(d.Seconds())
	}
	var out dto.Metric
	require.NoError(t, h.Write(&out))
	return out.Histogram
}

// sampled returns the histogram as in a scrape.
func sampled(h *Histogram, b *Bounds) *dto.Histogram {
	var s histogramSample
	s.set(h, b, true)
	return &s.histogram
}

func TestHistogramIsThatOfTheClientLibrary(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	spread := make([]time.Duration, 5000)
	for i := range spread {
		spread[i] = time.Duration(random.ExpFloat64() * float64(20*time.Millisecond))
	}
	for name, durations := range map[string][]time.Duration{
		"nothing":                   nil,
		"one value":                 {3 * time.Millisecond},
		"zero":                      {0, 0, time.Millisecond},
		"the bounds of the buckets": {time.Millisecond, 5 * time.Millisecond, 10 * time.Second, 11 * time.Second},
		"powers of two":             {time.Second, 2 * time.Second, 4 * time.Second, time.Second / 2, time.Second / 4},
		"gaps":                      {time.Microsecond, time.Hour},
		"falling":                   {time.Hour, time.Minute, time.Second, time.Millisecond, time.Microsecond, 1},
		"many":                      spread,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h Histogram
			b := NewBounds(someBuckets)
			for _, d := range durations {
				h.observe(b, d)
			}
			want, got := reference(t, durations), sampled(&h, b)
			assert.Equal(t, want.GetSampleCount(), got.GetSampleCount())
			assert.InDelta(t, want.GetSampleSum(), got.GetSampleSum(), 1e-6)
			require.Len(t, got.Bucket, len(want.Bucket))
			for i := range want.Bucket {
				assert.Equal(t, want.Bucket[i].GetCumulativeCount(), got.Bucket[i].GetCumulativeCount(), "bucket %d", i)
			}
			assert.Equal(t, want.GetSchema(), got.GetSchema())
			assert.Equal(t, want.GetZeroCount(), got.GetZeroCount())
			assert.Equal(t, absolute(want), absolute(got))
			assert.Equal(t, want.PositiveDelta, got.PositiveDelta, "gaps too")
		})
	}
}

// absolute returns the counts of the native buckets in use, by index.
func absolute(h *dto.Histogram) map[int32]int64 {
	buckets := map[int32]int64{}
	index, count, delta := int32(0), int64(0), 0
	for _, span := range h.PositiveSpan {
		index += span.GetOffset()
		for range span.GetLength() {
			count += h.PositiveDelta[delta]
			delta++
			if count != 0 {
				buckets[index] = count
			}
			index++
		}
	}
	return buckets
}

func TestTooManyNativeBucketsHalveTheResolution(t *testing.T) {
	t.Parallel()
	var h Histogram
	b := NewBounds(someBuckets)
	n := int64(0)
	for d := 1.0; d < float64(48*time.Hour); d *= 1.05 {
		h.observe(b, time.Duration(d))
		n++
	}
	out := sampled(&h, b)
	assert.Less(t, out.GetSchema(), int32(usualSchema))
	buckets := absolute(out)
	assert.LessOrEqual(t, len(buckets), nativeBuckets)
	total := int64(0)
	for _, count := range buckets {
		total += count
	}
	assert.Equal(t, n, total, "none is lost")
}

func TestMergedHistogramIsThatOfAllValues(t *testing.T) {
	t.Parallel()
	b := NewBounds(someBuckets)
	var all, merged, first, second Histogram
	for i := range 2000 {
		d := time.Duration(i*i) * time.Microsecond
		all.observe(b, d)
		if i%3 == 0 {
			first.observe(b, d)
			continue
		}
		second.observe(b, d)
	}
	merged.Merge(&first)
	merged.Merge(&second)
	merged.Merge(&Histogram{})
	merged.created = all.created
	assert.Equal(t, sampled(&all, b), sampled(&merged, b))
}

func TestAMergedHistogramIsAsOldAsTheOldestOfAll(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_700_000_000, 0)
	aged := func(age time.Duration) *Histogram {
		h := &Histogram{created: start.Add(age)}
		h.observe(lagBounds, time.Millisecond)
		return h
	}
	for name, ages := range map[string][]time.Duration{
		"the oldest comes first":         {0, time.Hour},
		"a younger one comes before it":  {time.Hour, 0, time.Minute},
		"one of it has counted nothing":  {-1, 0, time.Hour},
		"it was there before all others": {0, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var merged Histogram
			for _, age := range ages {
				if age < 0 {
					merged.Merge(&Histogram{})
					continue
				}
				merged.Merge(aged(age))
			}
			assert.Equal(t, start, merged.created)
		})
	}
}

func TestAClassicBucketCountsWhateverItsBound(t *testing.T) {
	t.Parallel()
	b := NewBounds([]float64{1e-12, 1.5e-9, 0.3, math.MaxInt64 / 1e9, 1e10, math.MaxFloat64})
	durations := []time.Duration{0, 1, 2, 300 * time.Millisecond, 300*time.Millisecond + 1, math.MaxInt64 - 2000, math.MaxInt64}
	var h Histogram
	for _, d := range durations {
		h.observe(b, d)
	}
	for _, bucket := range sampled(&h, b).Bucket {
		var want uint64
		for _, d := range durations {
			if d.Seconds() <= bucket.GetUpperBound() {
				want++
			}
		}
		assert.Equal(t, want, bucket.GetCumulativeCount(), "up to %g s", bucket.GetUpperBound())
	}
}

func TestQuantileIsWithinABucket(t *testing.T) {
	t.Parallel()
	b := NewBounds(someBuckets)
	var h Histogram
	assert.Zero(t, h.Quantile(0.5))
	for i := 1; i <= 1000; i++ {
		h.observe(b, time.Duration(i)*time.Millisecond)
	}
	assert.InEpsilon(t, 500*time.Millisecond, h.Quantile(0.5), 0.1)
	assert.InEpsilon(t, 990*time.Millisecond, h.Quantile(0.99), 0.1)
}

func TestObservingAllocatesNothing(t *testing.T) {
	b := NewBounds(someBuckets)
	var h Histogram
	h.observe(b, time.Microsecond)
	h.observe(b, time.Second)
	d := time.Duration(0)
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		d = (d + 777*time.Microsecond) % time.Second
		h.observe(b, d)
	}))
}

func TestNativeBucketsAreAsFineAsAskedFor(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	durations := []time.Duration{0, 1, time.Second, 2 * time.Second, 3 * time.Second}
	for range 3000 {
		durations = append(durations, time.Duration((1+0.2*random.Float64())*float64(20*time.Millisecond)))
	}
	for factor, width := range map[float64]float64{
		2: 2, 1.5: 1.4142, 1.2: 1.1892, 1.1: 1.0905, 1.05: 1.0443, 1.03: 1.0219, 1.02: 1.0109, 1.01: 1.0054, 1.003: 1.0027,
	} {
		b := NewBounds(someBuckets).WithNativeFactor(factor)
		want := prometheus.NewHistogram(prometheus.HistogramOpts{
			NativeHistogramBucketFactor: factor, NativeHistogramZeroThreshold: nativeZero,
		})
		var one, other, sum Histogram
		for i, d := range durations {
			want.Observe(d.Seconds())
			if i%3 == 0 {
				one.observe(b, d)
			} else {
				other.observe(b, d)
			}
		}
		sum.Merge(&one)
		sum.Merge(&other)
		var out dto.Metric
		require.NoError(t, want.Write(&out))
		got := sampled(&sum, b)
		assert.Equal(t, out.Histogram.GetSchema(), got.GetSchema(), factor)
		assert.Equal(t, absolute(out.Histogram), absolute(got), factor)
		q, below := sum.quantile(0.5)
		assert.InDelta(t, width, float64(q)/float64(q-below), 1e-4, factor)
	}
	b := NewBounds(someBuckets)
	assert.Equal(t, b, b.WithNativeFactor(0), "0 leaves them as they are")
}

func TestAFinerHistogramIsHalvedWhenItNeedsMoreBucketsThanItMayHave(t *testing.T) {
	t.Parallel()
	b := NewBounds(someBuckets).WithNativeFactor(1.003)
	var h Histogram
	n := int64(0)
	for d := 1e3; d < float64(time.Hour); d *= 1.001 {
		h.observe(b, time.Duration(d))
		n++
	}
	out := sampled(&h, b)
	assert.Less(t, out.GetSchema(), int32(usualSchema), "that of the factor may have ten powers of two as well")
	buckets, total := absolute(out), int64(0)
	for _, count := range buckets {
		total += count
	}
	assert.LessOrEqual(t, len(buckets), nativeBuckets)
	assert.Equal(t, n, total, "none is lost")
}
