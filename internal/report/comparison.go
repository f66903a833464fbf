package report

import (
	"bytes"
	"fmt"
)

// Comparison is the result of the comparison of a burst with another one, in words.
type Comparison struct {
	// With names the other burst. Words is the verdict on all measures.
	With, Words string
	// Old and New are the numbers of requests on each side.
	Old, New uint64
	IsWorse  bool
	Rows     []Compared
}

// Compared is the result of the comparison by one measure: the values of both sides, the change and its interval with
// its confidence.
type Compared struct {
	Measure, Old, New, Change, Low, High, Confidence, Verdict string
	IsWorse                                                   bool
}

func writeComparison(b *bytes.Buffer, c *Comparison) {
	if c == nil {
		return
	}
	fmt.Fprintf(b, "Compared with %s: **%s** (%d requests before, %d now).\n\n", code(c.With), c.Words, c.Old, c.New)
	if len(c.Rows) == 0 {
		return
	}
	b.WriteString("| measure | old | new | change | interval | confidence | verdict |\n|---|--:|--:|--:|--:|--:|---|\n")
	for i := range c.Rows {
		r := &c.Rows[i]
		verdict := r.Verdict
		if r.IsWorse {
			verdict = "❌ " + verdict
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s to %s | %s | %s |\n", r.Measure, r.Old, r.New, r.Change, r.Low, r.High, r.Confidence, verdict)
	}
	b.WriteString("\n")
}
