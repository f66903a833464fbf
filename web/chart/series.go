package chart

import (
	"strconv"
	"strings"
	"time"

	"example.com/prober/prober/numbers"
)

// Series are consecutive bursts, or the slices of one burst. The oldest comes first. The charts of a series line up.
type Series struct {
	bursts []numbers.Burst
	id     string // before the names of charts, if a page also has charts of another series
	over   string // behind the name of a chart
	noun   string // the noun for one of the bursts or slices
	clock  func(time.Time) string
	// hasNoTable means that no table beside the charts has their figures.
	hasNoTable bool
}

// OfBursts returns the series of the last bursts of a target.
func OfBursts(bursts []numbers.Burst) *Series {
	return &Series{bursts: bursts, over: "of the last bursts", noun: "burst", clock: Clock}
}

// OfSlices returns the series of the slices of a burst. Its charts count the time from start, the start of the burst.
func OfSlices(slices []numbers.Burst, start time.Time) *Series {
	since := func(t time.Time) string { return Since(t.Sub(start)) }
	return &Series{bursts: slices, over: "over the burst", noun: "slice", clock: since}
}

// Since prints a time since the start of a burst, to the millisecond. A negative time is 0.
func Since(d time.Duration) string {
	digits := strconv.FormatFloat(max(d.Seconds(), 0), 'f', 3, 64)
	return strings.TrimSuffix(strings.TrimRight(digits, "0"), ".") + " s"
}

// times writes the start times of the first and the last burst below the plot.
func (c *Chart) times(s *Series) {
	n := len(s.bursts)
	if n == 0 {
		return
	}
	const y = chartHeight - 6
	c.text(chartWidth-marginRight, y, "end", s.clock(s.bursts[n-1].Start))
	if 3*n > fewColumns {
		c.text(column(0, n), y, "start", s.clock(s.bursts[0].Start))
	}
}

// point gives each column a text with its figures.
func (c *Chart) point(s *Series, figures func(*numbers.Burst) string) {
	for i := range s.bursts {
		b := &s.bursts[i]
		c.Hits = append(c.Hits, Hit{
			X: units(column(i, len(s.bursts))), Y: units(marginTop), W: units(pitch(len(s.bursts))), H: units(plotHeight),
			Text: s.clock(b.Start) + ": " + figures(b),
		})
	}
}

// describe puts the figures of a chart into words, for readers who cannot see it.
func (s *Series) describe(figures func(*numbers.Burst) string) string {
	if s.hasNoTable {
		return s.last(figures)
	}
	return s.last(figures) + " Every " + s.noun + " is in the table of figures."
}

func (s *Series) last(figures func(*numbers.Burst) string) string {
	return "Last " + s.noun + ": " + figures(&s.bursts[len(s.bursts)-1]) + "."
}
