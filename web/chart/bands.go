package chart

import (
	"fmt"
	"math"
	"time"

	"example.com/prober/prober/numbers"
)

// OfDays returns the series of the slices of the last days. The names of its charts contain words, such as 7 days.
func OfDays(slices []numbers.Burst, words string) *Series {
	date := func(t time.Time) string { return t.UTC().Format("Jan 2, 15:04") }
	return &Series{bursts: slices, id: "days-", over: "of the last " + words, noun: "slice", clock: date, hasNoTable: true}
}

// Bands shows the latency of each slice as a line at the median. A band reaches up to the 95th percentile, and a weaker
// one up to the 99th. On the scale, every doubling has the same height.
func (s *Series) Bands() *Chart {
	c := newChart(s.id+"latency", "Latency "+s.over)
	least, most := time.Duration(math.MaxInt64), time.Duration(0)
	for i := range s.bursts {
		if b := &s.bursts[i]; b.P99 > 0 {
			least, most = min(least, max(b.P50, time.Microsecond)), max(most, b.P99)
		}
	}
	if most == 0 {
		c.Desc = "No request has succeeded."
		return c
	}
	low, high := math.Floor(math.Log2(float64(least))), math.Ceil(math.Log2(float64(most)))
	if spare := leastRows/2 - (high - low); spare > 0 {
		low, high = low-spare/2, high+spare/2
	}
	y := func(d time.Duration) float64 {
		at := min(max(math.Log2(max(float64(d), 1)), low), high)
		return marginTop + plotHeight*(high-at)/(high-low)
	}
	c.grid(latencyTicks(time.Duration(math.Exp2(low)), time.Duration(math.Exp2(high)), y))
	var inner, outer, median pen
	for i := range s.bursts {
		b := &s.bursts[i]
		if b.P99 == 0 {
			median.lift()
			continue
		}
		from, width := column(i, len(s.bursts)), pitch(len(s.bursts))
		inner.rect(from, y(b.P95), width, y(b.P50)-y(b.P95))
		outer.rect(from, y(b.P99), width, y(b.P95)-y(b.P99))
		median.line(from, y(b.P50))
		median.line(from+width, y(b.P50))
	}
	c.add("heat1", &outer)
	c.add("heat2", &inner)
	c.add("line p50", &median)
	c.times(s)
	figures := func(b *numbers.Burst) string {
		return fmt.Sprintf("p50 %s, p95 %s, p99 %s", Latency(b.P50), Latency(b.P95), Latency(b.P99))
	}
	c.point(s, figures)
	c.Desc = s.last(figures)
	return c
}
