package numbers

import (
	"slices"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// messageSink makes the messages of client_model. It keeps its memory: as many samples as the
// largest family has.
type messageSink struct {
	family     dto.MetricFamily
	gauges     arena[gaugeSample]
	counters   arena[counterSample]
	histograms arena[histogramSample]
}

// The messages of the exposition format point to their values. A sample allocates both at once.
type (
	gaugeSample struct {
		metric dto.Metric
		gauge  dto.Gauge
		value  float64
	}
	counterSample struct {
		metric  dto.Metric
		counter dto.Counter
		value   float64
	}
)

func (m *messageSink) begin(f *family) {
	m.gauges.used, m.counters.used, m.histograms.used = 0, 0, 0
	m.family.Name, m.family.Help, m.family.Type = &f.name, &f.help, &f.kind
	m.family.Metric = m.family.Metric[:0]
}

func (m *messageSink) gauge(value float64, labels []*label) {
	s := m.gauges.next()
	s.value = value
	s.gauge.Value = &s.value
	s.metric.Gauge = &s.gauge
	m.add(&s.metric, labels)
}

func (m *messageSink) counter(value float64, created *timestamppb.Timestamp, of *exemplar, labels []*label) {
	s := m.counters.next()
	s.value = value
	s.counter.Value, s.counter.CreatedTimestamp, s.counter.Exemplar = &s.value, created, nil
	if of != nil {
		s.counter.Exemplar = of.dto(1)
	}
	s.metric.Counter = &s.counter
	m.add(&s.metric, labels)
}

func (m *messageSink) histogram(h *Histogram, b *Bounds, native bool, labels []*label) {
	s := m.histograms.next()
	s.set(h, b, native)
	s.metric.Histogram = &s.histogram
	m.add(&s.metric, labels)
}

func (m *messageSink) end() error { return nil }

func (m *messageSink) add(metric *dto.Metric, labels []*label) {
	metric.Label = slices.Grow(metric.Label[:0], len(labels))
	for _, l := range labels {
		metric.Label = append(metric.Label, l.message())
	}
	m.family.Metric = append(m.family.Metric, metric)
}

// arena hands out values, and hands them out again after used was set to 0.
type arena[T any] struct {
	blocks [][]T
	used   int
}

const arenaBlock = 256

func (a *arena[T]) next() *T {
	i := a.used
	a.used++
	if i/arenaBlock == len(a.blocks) {
		a.blocks = append(a.blocks, make([]T, arenaBlock))
	}
	return &a.blocks[i/arenaBlock][i%arenaBlock]
}
