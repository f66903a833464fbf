package command

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"example.com/prober/compare"
	"example.com/prober/internal/report"
)

// writeFireComparison prints the result of the comparison.
func writeFireComparison(out io.Writer, c *comparison) {
	if c == nil || c.Result == nil {
		return
	}
	fmt.Fprintf(out, "\ncompared with %s\n", c.with)
	fmt.Fprintf(out, "%d requests before, %d now: %s\n", c.Old, c.New, c.words())
	if len(c.Rows) == 0 {
		return
	}
	fmt.Fprintln(out, "\nQUANTILE\tOLD\tNEW\tCHANGE\tINTERVAL\tCONFIDENCE\tVERDICT")
	for i := range c.Rows {
		r := &c.Rows[i]
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s to %s\t%s\t%s\n", r.Name(), sideWords(r, r.Old), sideWords(r, r.New),
			changeWords(r, r.Change), changeWords(r, r.Low), changeWords(r, r.High), levelWords(r), r.Verdict)
	}
}

// sideWords returns the value of one side: a latency, or a share of failures.
func sideWords(r *compare.Row, v float64) string {
	switch {
	case r.IsErrors():
		return fmt.Sprintf("%.3g %%", 100*v)
	case math.IsInf(v, 1):
		return "failed"
	case math.IsNaN(v) || v == 0:
		return "-"
	}
	return shortDuration(time.Duration(v * float64(time.Second)))
}

// changeWords returns a change with its sign. Changes of a latency are in per cent, changes of a share in percentage
// points.
func changeWords(r *compare.Row, v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case math.IsInf(v, 0):
		return "any"
	case r.IsErrors():
		return fmt.Sprintf("%+.3g points", 100*v)
	}
	return fmt.Sprintf("%+.3g %%", 100*v)
}

func levelWords(r *compare.Row) string { return strconv.FormatFloat(100*r.Level, 'g', 3, 64) + " %" }

// reported returns the comparison for a report, nil if there is none.
func (c *comparison) reported() *report.Comparison {
	if c == nil || c.Result == nil {
		return nil
	}
	return &report.Comparison{
		With: c.with, Words: c.words(), Old: c.Old, New: c.New, IsWorse: c.isWorse(),
		Rows: list(c.Rows, func(r compare.Row) report.Compared {
			return report.Compared{
				Measure: r.Name(), Old: sideWords(&r, r.Old), New: sideWords(&r, r.New),
				Change: changeWords(&r, r.Change), Low: changeWords(&r, r.Low), High: changeWords(&r, r.High),
				Confidence: levelWords(&r), Verdict: string(r.Verdict), IsWorse: r.Verdict == compare.Worse,
			}
		}),
	}
}
