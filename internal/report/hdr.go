package report

import (
	"io"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Latencies of HdrHistograms are nanoseconds from a microsecond to a day, with three digits. One
// takes 220 KiB.
const (
	hdrShortest = int64(time.Microsecond)
	hdrLongest  = int64(24 * time.Hour)
	hdrDigits   = 3
)

func newHDR() *hdrhistogram.Histogram { return hdrhistogram.New(hdrShortest, hdrLongest, hdrDigits) }

// record counts the latency of a request, which is from when it was due: nothing is left to
// correct. Requests that failed for the prober's own trouble are left out, as everywhere.
func record(h *hdrhistogram.Histogram, r *probe.Result, code errcode.Code) {
	if !code.IsLocal() {
		_ = h.RecordValue(min(max(int64(r.Duration()), 0), hdrLongest)) // it fails for what is beyond
	}
}

// percentiles is the report with the distribution of the latency of all targets by percentiles,
// in milliseconds, as the plotter of HdrHistogram reads it.
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
	const ticks = 5 // for each time that what is left is halved
	_, err := p.all.PercentilesPrint(p.out, ticks, float64(time.Millisecond))
	return err
}

func (p *percentiles) abandon() {}
