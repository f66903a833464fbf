package numbers

import (
	"bytes"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// textPiece is how many bytes of text are gathered before they are written.
const textPiece = 4 << 10

// textSink writes the text format 0.0.4 of Prometheus or, if open is set, OpenMetrics 1.0.0.
type textSink struct {
	w    io.Writer
	open bool
	name string
	out  []byte
	head []byte // of the lines of a histogram's buckets
	err  error
}

var typeNames = map[dto.MetricType]string{counterType: "counter", gaugeType: "gauge", histogramType: "histogram"}

// escapedHelp and escapedOpenHelp escape the characters that must not be in a help line.
var (
	escapedHelp     = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	escapedOpenHelp = escapedValue
)

// begin writes the lines before the first series. In OpenMetrics they have the name of a counter
// without its suffix.
func (t *textSink) begin(f *family) {
	t.name = f.name
	name, help := f.name, escapedHelp.Replace(f.help)
	if t.open {
		help = escapedOpenHelp.Replace(f.help)
		if f.kind == counterType {
			name = strings.TrimSuffix(name, "_total")
		}
	}
	t.out = append(t.out, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+typeNames[f.kind]+"\n"...)
}

func (t *textSink) gauge(value float64, labels []*label) { t.counter(value, nil, nil, labels) }

func (t *textSink) counter(value float64, _ *timestamppb.Timestamp, of *exemplar, labels []*label) {
	t.out = append(t.out, t.name...)
	t.out = appendLabels(t.out, labels)
	t.out = append(t.out, ' ')
	t.out = t.appendFloat(t.out, value)
	if of != nil {
		t.appendExemplar(of, 1)
	}
	t.endLine()
}

// histogram writes the classic buckets: the text formats have no native ones.
func (t *textSink) histogram(h *Histogram, b *Bounds, _ bool, labels []*label) {
	bounds := b.text
	if t.open {
		bounds = b.openText
	}
	latest := h.latestExemplars(b)
	t.head = append(append(t.head[:0], t.name...), "_bucket{"...)
	for _, l := range labels {
		t.head = append(append(t.head, l.text()...), ',')
	}
	t.head = append(t.head, `le="`...)
	var cumulative uint64
	for i, bound := range bounds {
		switch {
		case i == len(b.seconds):
			cumulative = h.count
		case h.classic != nil:
			cumulative += h.classic[i]
		}
		t.out = append(append(t.out, t.head...), bound...)
		t.out = t.appendCount(t.out, cumulative)
		if e := latest.of(i); e != nil {
			t.appendExemplar(e, e.latency.Seconds())
		}
		t.endLine()
	}
	t.out = append(append(t.out, t.name...), "_sum"...)
	t.out = append(appendLabels(t.out, labels), ' ')
	t.out = t.appendFloat(t.out, h.sum.seconds())
	t.endLine()
	t.out = append(append(t.out, t.name...), "_count"...)
	t.out = append(appendLabels(t.out, labels), ' ')
	t.out = t.appendCount(t.out, h.count)
	t.endLine()
}

func (t *textSink) end() error {
	t.flush()
	return t.err
}

func (t *textSink) endLine() {
	t.out = append(t.out, '\n')
	if len(t.out) >= textPiece {
		t.flush()
	}
}

// flush writes the gathered text, unless a write has failed. After a failure the rest of
// the family is thrown away, and end returns the failure: a series has no way to stop.
func (t *textSink) flush() {
	if t.err == nil {
		_, t.err = t.w.Write(t.out)
	}
	t.out = t.out[:0]
}

// appendExemplar appends the exemplar of a value. Only OpenMetrics has exemplars.
func (t *textSink) appendExemplar(e *exemplar, value float64) {
	if !t.open {
		return
	}
	t.out = append(append(append(t.out, ` # {trace_id="`...), e.trace.String()...), `"} `...)
	t.out = appendOpenFloat(t.out, value)
	if !e.at.IsZero() {
		t.out = appendOpenFloat(append(t.out, ' '), float64(e.at.UnixNano())/1e9)
	}
}

func (t *textSink) appendCount(out []byte, n uint64) []byte {
	if t.open {
		return strconv.AppendUint(out, n, 10)
	}
	return appendFloat(out, float64(n))
}

func (t *textSink) appendFloat(out []byte, value float64) []byte {
	if t.open {
		return appendOpenFloat(out, value)
	}
	return appendFloat(out, value)
}

func appendLabels(out []byte, labels []*label) []byte {
	if len(labels) == 0 {
		return out
	}
	separator := byte('{')
	for _, l := range labels {
		out = append(append(out, separator), l.text()...)
		separator = ','
	}
	return append(out, '}')
}

// appendFloat appends the shortest number that parses to value.
func appendFloat(out []byte, value float64) []byte {
	const written = 1e6 // from this value on with an exponent
	switch {
	case value >= 0 && value < written && value == math.Trunc(value):
		return strconv.AppendUint(out, uint64(value), 10)
	case math.IsInf(value, +1):
		return append(out, "+Inf"...)
	}
	return strconv.AppendFloat(out, value, 'g', -1, 64)
}

// appendOpenFloat is appendFloat for OpenMetrics. Its numbers have a point or an exponent unless
// their type is an integer.
func appendOpenFloat(out []byte, value float64) []byte {
	before := len(out)
	out = appendFloat(out, value)
	if isSpecial := math.IsNaN(value) || math.IsInf(value, 0); !isSpecial && !bytes.ContainsAny(out[before:], ".e") {
		out = append(out, ".0"...)
	}
	return out
}

// boundTexts returns the ends of the lines of buckets up to their values, including the bucket
// without a bound.
func boundTexts(seconds []float64, appendTo func([]byte, float64) []byte) []string {
	var texts []string
	for _, bound := range append(slices.Clone(seconds), math.Inf(1)) {
		texts = append(texts, string(append(appendTo(nil, bound), `"} `...)))
	}
	return texts
}
