package numbers

import (
	"io"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// sink writes the series of families, one after another, in one format.
type sink interface {
	// begin starts a family with at least one series.
	begin(f *family)
	gauge(value float64, labels []*label)
	// counter writes a counter. The time of creation and the exemplar may be nil.
	counter(value float64, created *timestamppb.Timestamp, of *exemplar, labels []*label)
	histogram(h *Histogram, b *Bounds, native bool, labels []*label)
	// end ends the family.
	end() error
}

// Format is a format of metrics.
type Format int

// Formats of [Page.Write]. It writes the same bytes as Prometheus' libraries do for the families
// of [Page.Families].
const (
	FormatText Format = iota
	FormatOpenMetrics
	FormatProtobuf
)

// Write writes all metrics to w, without the end line of OpenMetrics. Many targets take
// long, so it calls giveWay again and again to let others run. An error is one of w.
func (p *Page) Write(w io.Writer, as Format, s *Scrape, giveWay func()) error {
	p.giveWay = giveWay
	to := p.sinkOf(w, as)
	shown := show(s)
	for i := range families {
		if !p.write(to, &families[i], shown) {
			continue
		}
		if err := to.end(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Page) sinkOf(w io.Writer, as Format) sink {
	if as == FormatProtobuf {
		p.protobuf.w = w
		return &p.protobuf
	}
	return &textSink{w: w, open: as == FormatOpenMetrics, out: make([]byte, 0, 2*textPiece)}
}
