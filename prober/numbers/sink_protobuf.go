package numbers

import (
	"encoding/binary"
	"io"
	"math"
	"math/bits"

	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/prober/prober/probe"
)

// protobufSink writes delimited MetricFamily messages of client_model, field by field in
// the order of their numbers. The length of a family comes first, so the whole family is
// encoded before it is written. It makes no messages in between. With thousands of targets
// these would be most of the garbage of a scrape, and the encoder of the library would walk
// through them twice.
type protobufSink struct {
	w      io.Writer
	blocks blocks
	inner  []byte // a histogram on its way into a Metric
}

// The first bytes of fields: number<<3 | wire type (protobuf.dev, Encoding).
const (
	varintField  = 0
	fixed64Field = 1
	bytesField   = 2

	familyName   = 1<<3 | bytesField
	familyHelp   = 2<<3 | bytesField
	familyType   = 3<<3 | varintField
	familyMetric = 4<<3 | bytesField

	metricLabel     = 1<<3 | bytesField
	metricGauge     = 2<<3 | bytesField
	metricCounter   = 3<<3 | bytesField
	metricHistogram = 7<<3 | bytesField

	pairName  = 1<<3 | bytesField
	pairValue = 2<<3 | bytesField

	gaugeValue      = 1<<3 | fixed64Field
	counterValue    = 1<<3 | fixed64Field
	counterExemplar = 2<<3 | bytesField
	counterCreated  = 3<<3 | bytesField

	histogramCount     = 1<<3 | varintField
	histogramSum       = 2<<3 | fixed64Field
	histogramBucket    = 3<<3 | bytesField
	histogramSchema    = 5<<3 | varintField
	histogramThreshold = 6<<3 | fixed64Field
	histogramZero      = 7<<3 | varintField
	histogramSpan      = 12<<3 | bytesField
	histogramDelta     = 13<<3 | varintField
	histogramCreated   = 15<<3 | bytesField
	histogramExemplar  = 16<<3 | bytesField // takes two bytes

	bucketCount    = 1<<3 | varintField
	bucketBound    = 2<<3 | fixed64Field
	bucketExemplar = 3<<3 | bytesField

	spanOffset = 1<<3 | varintField
	spanLength = 2<<3 | varintField

	exemplarLabel = 1<<3 | bytesField
	exemplarValue = 2<<3 | fixed64Field
	exemplarTime  = 3<<3 | bytesField

	timeSeconds = 1<<3 | varintField
	timeNanos   = 2<<3 | varintField

	fixed64Size = 1 + 8 // with the first byte
	// traceLabelSize is the size of a field with the pair of trace_id and 32 digits.
	traceLabelSize = 2 + (2 + len("trace_id")) + (2 + 2*len(probe.TraceID{}))
)

func (p *protobufSink) begin(f *family) {
	p.blocks.reset()
	out := p.blocks.room()
	out = appendString(out, familyName, f.name)
	out = appendString(out, familyHelp, f.help)
	out = binary.AppendUvarint(append(out, familyType), uint64(f.kind))
	p.blocks.put(out)
}

func (p *protobufSink) gauge(value float64, labels []*label) {
	const size = 2 + fixed64Size
	out := beginMetric(p.blocks.room(), size, labels)
	out = append(out, metricGauge, fixed64Size)
	p.blocks.put(appendFixed64(out, gaugeValue, value))
}

func (p *protobufSink) counter(value float64, created *timestamppb.Timestamp, of *exemplar, labels []*label) {
	p.inner = appendFixed64(p.inner[:0], counterValue, value)
	if of != nil {
		p.inner = of.appendProtobuf(append(p.inner, counterExemplar), 1)
	}
	if created != nil {
		p.inner = appendTime(append(p.inner, counterCreated), created.Seconds, created.Nanos)
	}
	p.putInner(metricCounter, labels)
}

func (p *protobufSink) histogram(h *Histogram, b *Bounds, native bool, labels []*label) {
	out := binary.AppendUvarint(append(p.inner[:0], histogramCount), h.count)
	out = appendFixed64(out, histogramSum, h.sum.seconds())
	latest := h.latestExemplars(b)
	out = h.appendClassic(out, b, &latest)
	if native {
		out = h.native.appendProtobuf(out)
	}
	if !h.created.IsZero() {
		out = appendTime(append(out, histogramCreated), h.created.Unix(), int32(h.created.Nanosecond()))
	}
	if native {
		for i := range latest.list {
			e := &latest.list[i]
			out = e.appendProtobuf(binary.AppendUvarint(out, histogramExemplar), e.latency.Seconds())
		}
	}
	p.inner = out
	p.putInner(metricHistogram, labels)
}

// putInner adds a Metric with the message in inner as its value. tag is the first byte of
// the value's field. The length comes before the message, so the message is encoded first,
// into space of its own.
func (p *protobufSink) putInner(tag byte, labels []*label) {
	size := 1 + varintSize(uint64(len(p.inner))) + len(p.inner)
	out := beginMetric(p.blocks.room(), size, labels)
	out = binary.AppendUvarint(append(out, tag), uint64(len(p.inner)))
	p.blocks.put(append(out, p.inner...))
}

// end writes the family.
func (p *protobufSink) end() error {
	if _, err := p.w.Write(binary.AppendUvarint(nil, uint64(p.blocks.size))); err != nil {
		return err
	}
	return p.blocks.writeTo(p.w)
}

// beginMetric appends a Metric up to its value, of size bytes.
func beginMetric(out []byte, size int, labels []*label) []byte {
	for _, l := range labels {
		size += len(l.protobuf())
	}
	out = binary.AppendUvarint(append(out, familyMetric), uint64(size))
	for _, l := range labels {
		out = append(out, l.protobuf()...)
	}
	return out
}

// protobuf returns the label as a field of a Metric.
func (l *label) protobuf() []byte {
	if l.encoded == nil {
		size := stringSize(l.name) + stringSize(l.value)
		out := make([]byte, 0, 1+varintSize(uint64(size))+size)
		out = binary.AppendUvarint(append(out, metricLabel), uint64(size))
		l.encoded = appendString(appendString(out, pairName, l.name), pairValue, l.value)
	}
	return l.encoded
}

func (h *Histogram) appendClassic(out []byte, b *Bounds, latest *latestExemplars) []byte {
	var cumulative uint64
	for i, bound := range b.seconds {
		if h.classic != nil {
			cumulative += h.classic[i]
		}
		out = appendBucket(out, cumulative, bound, latest.of(i))
	}
	if e := latest.of(len(b.seconds)); e != nil { // the bucket +Inf is only written if it has an exemplar
		out = appendBucket(out, h.count, math.Inf(1), e)
	}
	return out
}

func appendBucket(out []byte, count uint64, bound float64, e *exemplar) []byte {
	size := 1 + varintSize(count) + fixed64Size
	if e != nil {
		n := e.size()
		size += 1 + varintSize(uint64(n)) + n
	}
	out = binary.AppendUvarint(append(out, histogramBucket), uint64(size))
	out = binary.AppendUvarint(append(out, bucketCount), count)
	out = appendFixed64(out, bucketBound, bound)
	if e != nil {
		out = e.appendProtobuf(append(out, bucketExemplar), e.latency.Seconds())
	}
	return out
}

// appendProtobuf appends the native buckets, all spans before all deltas.
func (s *sparse) appendProtobuf(out []byte) []byte {
	out = binary.AppendUvarint(append(out, histogramSchema), zigzag(int64(s.schema())))
	out = appendFixed64(out, histogramThreshold, nativeZero)
	out = binary.AppendUvarint(append(out, histogramZero), s.zero)
	spans := 0
	for offset, length := range s.spans() {
		out = appendSpan(out, offset, length)
		spans++
	}
	if spans == 0 {
		// A span without buckets marks an empty histogram as a native one.
		return appendSpan(out, 0, 0)
	}
	for delta := range s.deltas() {
		out = binary.AppendUvarint(append(out, histogramDelta), zigzag(delta))
	}
	return out
}

func appendSpan(out []byte, offset int, length uint64) []byte {
	offsetBits := zigzag(int64(offset))
	out = append(out, histogramSpan, byte(2+varintSize(offsetBits)+varintSize(length)))
	out = binary.AppendUvarint(append(out, spanOffset), offsetBits)
	return binary.AppendUvarint(append(out, spanLength), length)
}

// size is the length in bytes from appendProtobuf, without the length prefix.
func (e *exemplar) size() int {
	size := traceLabelSize + fixed64Size
	if !e.at.IsZero() {
		n := timeSize(e.at.Unix(), int32(e.at.Nanosecond()))
		size += 1 + varintSize(uint64(n)) + n
	}
	return size
}

// appendProtobuf appends the exemplar of a value, after its length.
func (e *exemplar) appendProtobuf(out []byte, value float64) []byte {
	out = binary.AppendUvarint(out, uint64(e.size()))
	const traceLabel = "trace_id"
	out = append(out, exemplarLabel, byte(traceLabelSize-2))
	out = appendString(out, pairName, traceLabel)
	out = appendString(out, pairValue, e.trace.String())
	out = appendFixed64(out, exemplarValue, value)
	if !e.at.IsZero() {
		out = appendTime(append(out, exemplarTime), e.at.Unix(), int32(e.at.Nanosecond()))
	}
	return out
}

// appendTime appends a Timestamp, after its length. Fields that are 0 are left out.
func appendTime(out []byte, seconds int64, nanos int32) []byte {
	out = binary.AppendUvarint(out, uint64(timeSize(seconds, nanos)))
	if seconds != 0 {
		out = binary.AppendUvarint(append(out, timeSeconds), uint64(seconds))
	}
	if nanos != 0 {
		out = binary.AppendUvarint(append(out, timeNanos), uint64(nanos))
	}
	return out
}

func timeSize(seconds int64, nanos int32) (size int) {
	if seconds != 0 {
		size += 1 + varintSize(uint64(seconds))
	}
	if nanos != 0 {
		size += 1 + varintSize(uint64(nanos))
	}
	return size
}

func appendFixed64(out []byte, tag byte, value float64) []byte {
	return binary.LittleEndian.AppendUint64(append(out, tag), math.Float64bits(value))
}

func appendString(out []byte, tag byte, s string) []byte {
	return append(binary.AppendUvarint(append(out, tag), uint64(len(s))), s...)
}

func stringSize(s string) int { return 1 + varintSize(uint64(len(s))) + len(s) }

func varintSize(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

// zigzag returns n as the types sint32 and sint64 encode it.
func zigzag(n int64) uint64 { return uint64(n)<<1 ^ uint64(n>>63) }
