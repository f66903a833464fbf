package chart

import (
	"fmt"

	"example.com/prober/prober/numbers"
)

// Rates shows how many requests ended per second in each slice, well or not.
func (s *Series) Rates() *Chart {
	c := newChart("rates", "Requests per second "+s.over)
	if len(s.bursts) == 0 {
		c.Desc = "No " + s.noun + " has ended yet."
		return c
	}
	c.stack(s.bursts, []layer{
		{"good", func(b *numbers.Burst) float64 { return perSecond(b, b.Requests-b.Failed-b.Own) }},
		{"bad", func(b *numbers.Burst) float64 { return perSecond(b, b.Failed) }},
		{"own", func(b *numbers.Burst) float64 { return perSecond(b, b.Own) }},
	}, Rate)
	c.times(s)
	figures := func(b *numbers.Burst) string { return Rate(perSecond(b, b.Requests)) + ": " + requestFigures(b) }
	c.point(s, figures)
	c.Desc = s.describe(figures)
	return c
}

func perSecond(b *numbers.Burst, n uint64) float64 {
	if b.Duration <= 0 {
		return 0
	}
	return float64(n) / b.Duration.Seconds()
}

// Rate prints a number per second with three significant digits, or from 1000 on as a whole number. It prints a dash
// for 0.
func Rate(perSecond float64) string {
	switch {
	case perSecond == 0:
		return Dash
	case perSecond >= 1000:
		return Number(uint64(perSecond+0.5)) + "/s"
	default:
		return fmt.Sprintf("%.3g/s", perSecond)
	}
}
