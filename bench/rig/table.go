package rig

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Table is a table in Markdown. All its columns except the first are numbers.
type Table struct {
	Columns []string
	Rows    [][]string
}

// Add adds a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

func (t *Table) String() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.Columns)
	line(append([]string{"---"}, slices.Repeat([]string{"---:"}, len(t.Columns)-1)...))
	for _, row := range t.Rows {
		line(row)
	}
	return b.String()
}

// Micros writes seconds with a readable unit: µs, ms or s.
func Micros(seconds float64) string {
	switch {
	case math.IsNaN(seconds):
		return "–"
	case seconds < 0.9995e-3:
		return fmt.Sprintf("%.0f µs", seconds*1e6)
	case seconds < 0.9995:
		return fmt.Sprintf("%.3g ms", seconds*1e3)
	default:
		return fmt.Sprintf("%.3g s", seconds)
	}
}

// Time writes a duration in the same way.
func Time(d time.Duration) string { return Micros(d.Seconds()) }

// WithSpread writes the median of rounds and, in brackets, the least and the greatest.
func WithSpread(r Rounds, write func(float64) string) string {
	if len(r) < 2 {
		return write(r.Median())
	}
	return fmt.Sprintf("%s (%s–%s)", write(r.Median()), write(slices.Min(r)), write(slices.Max(r)))
}

// Ratio writes a ratio of two figures.
func Ratio(r float64) string {
	switch {
	case math.IsNaN(r) || math.IsInf(r, 0):
		return "–"
	case r >= 100:
		return fmt.Sprintf("%.0f", r)
	default:
		return fmt.Sprintf("%.3g", r)
	}
}

// Verdict writes whether an aim was reached.
func Verdict(reached bool) string {
	if reached {
		return "reached"
	}
	return "**missed**"
}
