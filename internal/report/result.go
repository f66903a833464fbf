package report

import (
	"bufio"
	"io"
	"time"

	"example.com/prober/prober/numbers"
)

// Result has the results of bursts fired together.
type Result struct {
	// Targets are in the order of the sources.
	Targets []Target
	OK      bool
	// Latency covers the requests of all targets.
	Latency numbers.Latency
	// JSON writes the report for programs.
	JSON func(out io.Writer) error
	// Version is the version of the program, or "" if it has none.
	Version string
}

// Target has the result of the burst at one target.
type Target struct {
	*numbers.Report

	OK bool
	// Trouble says why the target is not OK. It is empty if the target is OK.
	Trouble string
	// Thresholds are in their order. There may be none.
	Thresholds []Threshold
	// Comparison is nil if the burst was not compared.
	Comparison *Comparison
	// Think is how long a journey pauses between two steps.
	Think time.Duration
}

// Threshold is a limit on a value of a burst, with the measured value.
type Threshold struct {
	// Text is as in "p99 > 500ms". Measured is as in "1s", or empty without a measurement.
	Text, Measured string
	OK             bool
}

// Verdict says in few words whether the threshold was kept.
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

// Counts counts the requests that were due: each succeeded, failed or was dropped.
type Counts struct{ Due, Succeeded, Failed, Dropped uint64 }

// Counted returns the counts of the target.
func (t *Target) Counted() Counts {
	return Counts{t.Scheduled, t.Succeeded, t.Failed, t.Dropped.Total()}
}

// Ended returns the number of requests that ended.
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
