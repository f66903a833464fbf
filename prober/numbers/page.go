package numbers

import (
	"strconv"

	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
)

// Page writes families of metrics one after another. It keeps its memory: as much as the
// largest family takes. It is not safe for concurrent use.
type Page struct {
	to       sink
	messages messageSink
	protobuf protobufSink
	giveWay  func() // is called again and again between series
	family   *family
	series   int      // of the family
	labels   []*label // of the current series
	// codes, statuses and versions hold label pairs for many series.
	codes    map[errcode.Code]*label
	statuses map[int]*label
	phases   [errcode.NumPhases]*label
	versions map[string]*label
	reasons  [load.NumDropReasons]*label
	skips    [load.NumSkipReasons]*label
	results  [NumJourneyResults]*label
}

// NewPage returns an empty page.
func NewPage() *Page {
	p := &Page{giveWay: func() {}, codes: make(map[errcode.Code]*label), statuses: make(map[int]*label), versions: make(map[string]*label)}
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

// write writes the family f of s to a sink, and reports whether it has a series.
func (p *Page) write(to sink, f *family, s *scrape) bool {
	p.to, p.family, p.series = to, f, 0
	f.write(p, s)
	return p.series > 0
}

func (p *Page) gauge(value float64, labels ...*label) {
	p.begin(labels)
	p.to.gauge(value, p.labels)
}

func (p *Page) counter(n uint64, created *timestamppb.Timestamp, labels ...*label) {
	p.begin(labels)
	p.to.counter(float64(n), created, nil, p.labels)
}

// counterWith writes a counter that may have an exemplar.
func (p *Page) counterWith(value float64, created *timestamppb.Timestamp, of *exemplar, labels ...*label) {
	p.begin(labels)
	p.to.counter(value, created, of, p.labels)
}

func (p *Page) histogram(h *Histogram, b *Bounds, native bool, labels ...*label) {
	p.begin(labels)
	p.to.histogram(h, b, native, p.labels)
}

// begin begins a series. Labels must be in the order of their names; nil ones are left out.
// With thousands of targets a page takes longer than a request, and workers on the same
// processor would be late. So it gives way to them.
func (p *Page) begin(labels []*label) {
	const many = 64
	if p.series == 0 {
		p.to.begin(p.family)
	} else if p.series%many == 0 {
		p.giveWay()
	}
	p.series++
	p.labels = p.labels[:0]
	for _, l := range labels {
		if l != nil {
			p.labels = append(p.labels, l)
		}
	}
}

// code, status and version return label pairs for many series.
func (p *Page) code(code errcode.Code) *label {
	l := p.codes[code]
	if l == nil {
		l = pair("error_code", code.String())
		p.codes[code] = l
	}
	return l
}

func (p *Page) status(status int) *label {
	l := p.statuses[status]
	if l == nil {
		l = pair("status", strconv.Itoa(status))
		p.statuses[status] = l
	}
	return l
}

func (p *Page) version(version string) *label {
	l := p.versions[version]
	if l == nil {
		l = pair("http_version", version)
		p.versions[version] = l
	}
	return l
}
