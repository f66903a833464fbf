package numbers

import (
	"strconv"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
)

// Page is the memory into which families of metrics are written one after
// another. It keeps what it has grown to: as many samples as the largest family
// has. One scrape at a time may use it.
type Page struct {
	family     dto.MetricFamily
	giveWay    func() // is called after so many series
	gauges     arena[gaugeSample]
	counters   arena[counterSample]
	histograms arena[histogramSample]
	// codes, statuses and versions hold the label pairs that many series have in common.
	codes    map[errcode.Code]*dto.LabelPair
	statuses map[int]*dto.LabelPair
	phases   [errcode.NumPhases]*dto.LabelPair
	versions map[string]*dto.LabelPair
	reasons  [load.NumDropReasons]*dto.LabelPair
	skips    [load.NumSkipReasons]*dto.LabelPair
	results  [NumJourneyResults]*dto.LabelPair
}

// NewPage returns an empty page.
func NewPage() *Page {
	p := &Page{giveWay: func() {}, codes: make(map[errcode.Code]*dto.LabelPair), statuses: make(map[int]*dto.LabelPair), versions: make(map[string]*dto.LabelPair)}
	for i := range p.phases {
		p.phases[i] = pair("phase", errcode.Phase(i).String())
	}
	for i := range p.reasons {
		p.reasons[i] = pair("reason", load.DropReason(i).String())
	}
	for i := range p.skips {
		p.skips[i] = pair("reason", load.SkipReason(i).String())
	}
	for i := range p.results {
		p.results[i] = pair("result", JourneyResult(i).String())
	}
	return p
}

// write returns the family f of s, valid until the next call.
func (p *Page) write(f *family, s *scrape) *dto.MetricFamily {
	p.gauges.used, p.counters.used, p.histograms.used = 0, 0, 0
	p.family.Name, p.family.Help, p.family.Type = &f.name, &f.help, &f.kind
	p.family.Metric = p.family.Metric[:0]
	f.write(p, s)
	return &p.family
}

// The messages of the exposition format point at their values. Each sample has
// both in one piece.
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

func (p *Page) gauge(value float64, labels ...*dto.LabelPair) {
	s := p.gauges.next()
	s.value = value
	s.gauge.Value = &s.value
	s.metric.Gauge = &s.gauge
	p.add(&s.metric, labels)
}

func (p *Page) counter(n uint64, created *timestamppb.Timestamp, labels ...*dto.LabelPair) *dto.Counter {
	return p.counterOf(float64(n), created, labels...)
}

func (p *Page) counterOf(value float64, created *timestamppb.Timestamp, labels ...*dto.LabelPair) *dto.Counter {
	s := p.counters.next()
	s.value = value
	s.counter.Value, s.counter.CreatedTimestamp, s.counter.Exemplar = &s.value, created, nil
	s.metric.Counter = &s.counter
	p.add(&s.metric, labels)
	return &s.counter
}

func (p *Page) histogram(h *Histogram, b *Bounds, native bool, labels ...*dto.LabelPair) {
	s := p.histograms.next()
	s.set(h, b, native)
	s.metric.Histogram = &s.histogram
	p.add(&s.metric, labels)
}

// add completes a series. The labels come in the order of their names; nil ones are left out.
func (p *Page) add(m *dto.Metric, labels []*dto.LabelPair) {
	m.Label = m.Label[:0]
	for _, l := range labels {
		if l != nil {
			m.Label = append(m.Label, l)
		}
	}
	p.family.Metric = append(p.family.Metric, m)
	if len(p.family.Metric)%arenaBlock == 0 {
		p.giveWay()
	}
}

// code, status and the like return the label pairs that many series share.
func (p *Page) code(code errcode.Code) *dto.LabelPair {
	l := p.codes[code]
	if l == nil {
		l = pair("error_code", code.String())
		p.codes[code] = l
	}
	return l
}

func (p *Page) status(status int) *dto.LabelPair {
	l := p.statuses[status]
	if l == nil {
		l = pair("status", strconv.Itoa(status))
		p.statuses[status] = l
	}
	return l
}

func (p *Page) version(version string) *dto.LabelPair {
	l := p.versions[version]
	if l == nil {
		l = pair("http_version", version)
		p.versions[version] = l
	}
	return l
}

func pair(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }

// arena hands out values that are used again after used was set to 0.
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
