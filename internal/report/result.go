package report

import (
	"bufio"
	"io"
	"time"

	"example.com/prober/prober/numbers"
)

// Result is what bursts came to that were fired together.
type Result struct {
	// Targets are in the order of the sources.
	Targets []Target
	OK      bool
	// Latency is of the requests of all targets together.
	Latency numbers.Latency
	// JSON writes the report for programs.
	JSON func(out io.Writer) error
	// Version is that of the program, "" if it has none.
	Version string
}

// Target is what the burst at one target came to.
type Target struct {
	*numbers.Report

	OK bool
	// Trouble says why it is not well, and is empty if it is.
	Trouble string
	// Thresholds are in their order; there may be none.
	Thresholds []Threshold
	// Comparison is nil where the burst was compared with nothing.
	Comparison *Comparison
	// Think is how long a journey pauses between two steps.
	Think time.Duration
}

// Threshold is what a burst must not come to, and what it came to.
type Threshold struct {
	// Text is as in "p99 > 500ms", Measured as in "1s", or empty where nothing was measured.
	Text, Measured string
	OK             bool
}

// Verdict says in few words what the threshold has found.
func (t *Threshold) Verdict() string {
	switch {
	case t.OK:
		return "kept"
	case t.Measured == "":
		return "broken: cannot tell"
	default:
		return "broken"
	}
}

// Sum returns the counts of all targets together.
func (r *Result) Sum() (s Counts) {
	for i := range r.Targets {
		t := r.Targets[i].Counted()
		s.Due += t.Due
		s.Succeeded += t.Succeeded
		s.Failed += t.Failed
		s.Dropped += t.Dropped
	}
	return s
}

// Counts says what became of the requests that were due: each succeeded, failed or was dropped.
type Counts struct{ Due, Succeeded, Failed, Dropped uint64 }

// Counted returns the counts of the target.
func (t *Target) Counted() Counts {
	return Counts{t.Scheduled, t.Succeeded, t.Failed, t.Dropped.Total()}
}

// Ended returns how many requests ended.
func (c Counts) Ended() uint64 { return c.Succeeded + c.Failed }

// programs is the report for programs.
type programs struct {
	blind

	out io.Writer
}

func newJSON(out io.Writer) writer { return &programs{out: out} }

func (p *programs) finish(r *Result) error {
	out := bufio.NewWriter(p.out)
	if err := r.JSON(out); err != nil {
		return err
	}
	return out.Flush()
}
