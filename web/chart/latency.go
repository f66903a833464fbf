package chart

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"example.com/prober/prober/numbers"
)

// leastRows is the smallest number of rows. It keeps a latency that hardly varies from filling the chart.
const leastRows = 8

// heat has the lower bounds of the classes of cells, the weakest first. A bound is a share of a burst's requests, of
// 255.
var heat = [...]uint8{1, 8, 26, 77, 153}

// Latency shows the distribution of the latency of each burst. On the scale, every doubling has the same height. The
// stronger the colour of a cell, the more requests it stands for. Two lines mark the median and the 99th percentile.
func (s *Series) Latency() *Chart {
	bursts := s.bursts
	c := newChart("latency", "Latency "+s.over)
	first, last := usedRows(bursts)
	if last < first {
		c.Desc = "No request has ended yet."
		return c
	}
	low, high := math.Log2(float64(numbers.LatencyRow(first))), math.Log2(float64(numbers.LatencyRow(last+1)))
	y := func(d time.Duration) float64 {
		at := min(max(math.Log2(max(float64(d), 1)), low), high)
		return marginTop + plotHeight*(high-at)/(high-low)
	}
	c.grid(latencyTicks(numbers.LatencyRow(first), numbers.LatencyRow(last+1), y))
	c.cells(bursts, first, last, y)
	c.lines("p50", bursts, y, func(b *numbers.Burst) time.Duration { return b.P50 })
	c.lines("p99", bursts, y, func(b *numbers.Burst) time.Duration { return b.P99 })
	c.times(s)
	figures := func(b *numbers.Burst) string {
		return fmt.Sprintf("p50 %s, p95 %s, p99 %s, max %s", Latency(b.P50), Latency(b.P95), Latency(b.P99), Latency(b.Max))
	}
	c.point(s, figures)
	c.Desc = s.describe(figures)
	return c
}

// usedRows returns the first and the last row to show. Both together have at least leastRows rows. last is below first
// if there is nothing to show.
func usedRows(bursts []numbers.Burst) (first, last int) {
	first, last = numbers.LatencyRows, -1
	for i := range bursts {
		for row, share := range bursts[i].Latency {
			if share > 0 {
				first, last = min(first, row), max(last, row)
			}
		}
	}
	for last >= 0 && last-first+1 < leastRows {
		if first > 0 {
			first--
		}
		if last < numbers.LatencyRows-1 {
			last++
		}
	}
	return first, last
}

func (c *Chart) cells(bursts []numbers.Burst, first, last int, y func(time.Duration) float64) {
	width := pitch(len(bursts)) - columnGap
	var levels [len(heat)]pen
	for i := range bursts {
		for row := first; row <= last; row++ {
			share := bursts[i].Latency[row]
			if share == 0 {
				continue
			}
			level := 0
			for level+1 < len(heat) && share >= heat[level+1] {
				level++
			}
			top, bottom := y(numbers.LatencyRow(row+1)), y(numbers.LatencyRow(row))
			levels[level].rect(column(i, len(bursts)), top, width, bottom-top)
		}
	}
	for i := range levels {
		c.add("heat"+strconv.Itoa(i+1), &levels[i])
	}
}

// lines draws a percentile as a step for each burst.
func (c *Chart) lines(class string, bursts []numbers.Burst, y func(time.Duration) float64, of func(*numbers.Burst) time.Duration) {
	var p pen
	for i := range bursts {
		if bursts[i].Requests == 0 {
			p.lift()
			continue
		}
		at := y(of(&bursts[i]))
		p.line(column(i, len(bursts)), at)
		p.line(column(i+1, len(bursts)), at)
	}
	c.add("line "+class, &p)
}

// latencyTicks returns the powers of ten within the scale. If these are few, it also returns 2 and 5 times a power of
// ten.
func latencyTicks(low, high time.Duration, y func(time.Duration) float64) []tick {
	steps := []int64{1}
	if float64(high)/float64(low) < 100 {
		steps = []int64{1, 2, 5}
	}
	var ticks []tick
	for power := int64(1); power <= int64(high); power *= 10 {
		for _, step := range steps {
			if d := time.Duration(step * power); d >= low && d <= high {
				ticks = append(ticks, tick{y(d), tickLatency(d)})
			}
		}
	}
	return ticks
}
