package numbers

import (
	"io"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// sink is what the series of families are written to, one after another, in one format.
type sink interface {
	// begin starts a family. It has a series at least.
	begin(f *family)
	gauge(value float64, labels []*label)
	// counter may have no time of creation and no exemplar.
	counter(value float64, created *timestamppb.Timestamp, of *exemplar, labels []*label)
	histogram(h *Histogram, b *Bounds, native bool, labels []*label)
	// end ends the family.
	end() error
}

// Format is how metrics are written.
type Format int

// The formats that [Page.Write] knows. Their bytes are those that the libraries of Prometheus
// write for the families of [Page.Families].
const (
	FormatText Format = iota
	FormatOpenMetrics
	FormatProtobuf
)

// Write writes all metrics to w, but not what stands at the end of OpenMetrics. With many targets
// that is long work: giveWay is called again and again for others to have their turn.
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
