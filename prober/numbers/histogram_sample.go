package numbers

import (
	"slices"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// histogramSample is a series of a histogram with everything it points to. The messages of
// client_model have a pointer to every value. In one piece these cost one allocation for
// each series, and none in the next scrape.
type histogramSample struct {
	metric    dto.Metric
	histogram dto.Histogram
	created   timestamppb.Timestamp
	sum       float64
	count     uint64
	buckets   []bucketSample
	zero      uint64
	threshold float64
	schema    int32
	spans     []spanSample
}

type (
	bucketSample struct {
		bucket dto.Bucket
		count  uint64
	}
	spanSample struct {
		span   dto.BucketSpan
		offset int32
		length uint32
	}
)

// set makes s a copy of h in seconds.
func (s *histogramSample) set(h *Histogram, b *Bounds, native bool) {
	s.sum, s.count = h.sum.seconds(), h.count
	out := &s.histogram
	out.SampleSum, out.SampleCount = &s.sum, &s.count
	out.CreatedTimestamp = nil
	if !h.created.IsZero() {
		s.created.Seconds, s.created.Nanos = h.created.Unix(), int32(h.created.Nanosecond())
		out.CreatedTimestamp = &s.created
	}
	s.setClassic(h, b)
	if native {
		s.setNative(&h.native)
	}
	s.setExemplars(h, b, native)
}

func (s *histogramSample) setClassic(h *Histogram, b *Bounds) {
	out := &s.histogram
	out.Bucket = out.Bucket[:0]
	s.buckets = slices.Grow(s.buckets[:0], len(b.seconds))[:len(b.seconds)]
	var cumulative uint64
	for i := range b.seconds {
		if h.classic != nil {
			cumulative += h.classic[i]
		}
		sample := &s.buckets[i]
		sample.count = cumulative
		sample.bucket.CumulativeCount, sample.bucket.UpperBound, sample.bucket.Exemplar = &sample.count, &b.seconds[i], nil
		out.Bucket = append(out.Bucket, &sample.bucket)
	}
}

// setNative writes the buckets in the spans and deltas of the exposition format.
func (s *histogramSample) setNative(n *sparse) {
	out := &s.histogram
	s.schema, s.threshold, s.zero = int32(n.schema()), nativeZero, n.zero
	out.Schema, out.ZeroThreshold, out.ZeroCount = &s.schema, &s.threshold, &s.zero
	out.PositiveSpan, out.PositiveDelta = out.PositiveSpan[:0], out.PositiveDelta[:0]
	s.spans = s.spans[:0]
	for offset, length := range n.spans() {
		s.spans = append(s.spans, spanSample{offset: int32(offset), length: uint32(length)})
	}
	out.PositiveDelta = slices.AppendSeq(out.PositiveDelta, n.deltas())
	if len(s.spans) == 0 {
		// A span without buckets marks an empty histogram as a native one.
		s.spans = append(s.spans, spanSample{})
	}
	for i := range s.spans {
		span := &s.spans[i]
		span.span.Offset, span.span.Length = &span.offset, &span.length
		out.PositiveSpan = append(out.PositiveSpan, &span.span)
	}
}
