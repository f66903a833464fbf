package rig

import (
	"errors"
	"io"
	"maps"
	"math"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// Metrics are the metrics of a daemon by name.
type Metrics map[string]*dto.MetricFamily

func metricsFormat() expfmt.Format { return expfmt.NewFormat(expfmt.TypeProtoDelim) }

// ReadMetrics reads a page of metrics in the format of protocol buffers.
func ReadMetrics(body io.Reader) (Metrics, error) {
	m := Metrics{}
	decoder := expfmt.NewDecoder(body, metricsFormat())
	for {
		var family dto.MetricFamily
		if err := decoder.Decode(&family); errors.Is(err, io.EOF) {
			return m, nil
		} else if err != nil {
			return nil, err
		}
		m[family.GetName()] = &family
	}
}

// Series returns the number of series. It counts each bucket of a classic histogram, as Prometheus does.
func (m Metrics) Series() int {
	n := 0
	for _, family := range m {
		for _, metric := range family.GetMetric() {
			n++
			if h := metric.GetHistogram(); h != nil {
				n += len(h.GetBucket()) + 2 // +Inf, sum and count; one of these has been counted
			}
		}
	}
	return n
}

// Value returns the sum of a counter or gauge over all its series, 0 if there is none.
func (m Metrics) Value(name string) float64 {
	sum := 0.0
	for _, metric := range m[name].GetMetric() {
		sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
	}
	return sum
}

// ByTarget returns the sum of a counter or gauge for each target.
func (m Metrics) ByTarget(name string) map[string]float64 {
	sums := map[string]float64{}
	for _, metric := range m[name].GetMetric() {
		for _, label := range metric.GetLabel() {
			if label.GetName() == "target" {
				sums[label.GetValue()] += metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
	}
	return sums
}

// Histogram returns the sum of a native histogram over all its series.
func (m Metrics) Histogram(name string) *Histogram {
	sum := &Histogram{}
	for _, metric := range m[name].GetMetric() {
		sum.add(metric.GetHistogram())
	}
	return sum
}

// Histogram is a native histogram of seconds. Its values are above 0.
type Histogram struct {
	schema  int32
	zero    float64
	buckets map[int32]float64
}

// add adds the counts of other. Of histograms with different resolutions, the finer one is made coarser.
func (h *Histogram) add(other *dto.Histogram) {
	if h.buckets == nil {
		*h = Histogram{schema: other.GetSchema(), buckets: map[int32]float64{}}
	}
	h.coarsen(other.GetSchema())
	h.zero += float64(other.GetZeroCount())
	shift := other.GetSchema() - h.schema
	index, count, deltas := int32(0), int64(0), other.GetPositiveDelta()
	for _, span := range other.GetPositiveSpan() {
		index += span.GetOffset()
		for range span.GetLength() {
			count += deltas[0]
			deltas = deltas[1:]
			h.buckets[coarser(index, shift)] += float64(count)
			index++
		}
	}
}

func (h *Histogram) coarsen(schema int32) {
	shift := h.schema - schema
	if shift <= 0 {
		return
	}
	buckets := map[int32]float64{}
	for index, n := range h.buckets {
		buckets[coarser(index, shift)] += n
	}
	h.schema, h.buckets = schema, buckets
}

// coarser returns the bucket that holds a bucket after that many halvings of the resolution.
func coarser(index, times int32) int32 { return (index-1)>>times + 1 }

// Count returns how many values were counted.
func (h *Histogram) Count() float64 {
	n := h.zero
	for _, count := range h.buckets {
		n += count
	}
	return n
}

// Since returns the counts of h since earlier.
func (h *Histogram) Since(earlier *Histogram) *Histogram {
	since := &Histogram{schema: h.schema, zero: h.zero, buckets: maps.Clone(h.buckets)}
	since.coarsen(earlier.schema)
	since.zero -= earlier.zero
	for index, n := range earlier.buckets {
		since.buckets[coarser(index, earlier.schema-since.schema)] -= n
	}
	maps.DeleteFunc(since.buckets, func(_ int32, n float64) bool { return n == 0 })
	return since
}

// Quantiles returns Prometheus' quantiles of the histogram. The greatest value is the upper bound of the last bucket.
func (h *Histogram) Quantiles() Quantiles {
	return Quantiles{P50: h.quantile(0.5), P90: h.quantile(0.9), P99: h.quantile(0.99), P999: h.quantile(0.999), Max: h.quantile(1)}
}

// quantile interpolates within the bucket on the logarithmic scale, as Prometheus does.
func (h *Histogram) quantile(q float64) time.Duration {
	first, last := int32(math.MaxInt32), int32(math.MinInt32)
	for index := range h.buckets {
		first, last = min(first, index), max(last, index)
	}
	rank := q * h.Count()
	seen := h.zero
	for index := first; index <= last; index++ {
		n := h.buckets[index]
		if n > 0 && seen+n >= rank {
			return h.bound(float64(index-1) + max(rank-seen, 0)/n)
		}
		seen += n
	}
	return 0
}

// bound returns the upper bound of a bucket, or a value between two of them.
func (h *Histogram) bound(index float64) time.Duration {
	return time.Duration(math.Exp2(index*math.Exp2(-float64(h.schema))) * float64(time.Second))
}
