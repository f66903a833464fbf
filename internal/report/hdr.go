package report

import (
	"io"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Latencies of HdrHistograms are nanoseconds from a microsecond to a day, with three digits. A histogram takes 220 KiB.
const (
	hdrShortest = int64(time.Microsecond)
	hdrLongest  = int64(24 * time.Hour)
	hdrDigits   = 3
)

func newHDR() *hdrhistogram.Histogram { return hdrhistogram.New(hdrShortest, hdrLongest, hdrDigits) }

// record counts the latency of a request. The latency counts from the due time, so it needs no correction. As
// everywhere, requests with trouble of the prober's own are left out.
func record(h *hdrhistogram.Histogram, r *probe.Result, code errcode.Code) {
	if !code.IsLocal() {
		_ = h.RecordValue(min(max(int64(r.Duration()), 0), hdrLongest)) // it fails beyond hdrLongest
	}
}

// percentiles is the report with the distribution of the latency of all targets by percentiles. The values are in
// milliseconds, for the plotter of HdrHistogram.
type percentiles struct {
	out io.Writer

	mu  sync.Mutex
	all *hdrhistogram.Histogram
}

func newPercentiles(out io.Writer) writer { return &percentiles{out: out, all: newHDR()} }

func (p *percentiles) observers(of []Source) []Observer {
	all := make([]Observer, len(of))
	for i := range all {
		all[i] = func(r *probe.Result, code errcode.Code) {
			p.mu.Lock()
			defer p.mu.Unlock()
			record(p.all, r, code)
		}
	}
	return all
}

func (p *percentiles) finish(*Result) error {
	const ticks = 5 // per halving of the distance to 100 %
	_, err := p.all.PercentilesPrint(p.out, ticks, float64(time.Millisecond))
	return err
}

func (p *percentiles) abandon() {}
