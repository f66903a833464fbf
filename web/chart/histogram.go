package chart

import (
	"fmt"
	"math"
	"time"

	"example.com/prober/prober/numbers"
)

// leastSpan is the smallest ratio of the longest to the shortest latency on the scale. It keeps a distribution that
// hardly varies from filling the chart.
const leastSpan = 4

// Histogram shows how many requests took how long. On the scale, every doubling has the same width. Two lines mark the
// median and the 99th percentile.
func Histogram(l *numbers.Latency) *Chart {
	c := newChart("histogram", "Distribution of the latency")
	if len(l.Buckets) == 0 {
		c.Desc = "No request has ended."
		return c
	}
	low, high := spanOf(l.Buckets)
	x := func(d time.Duration) float64 {
		share := math.Log2(max(float64(d), float64(low))/float64(low)) / math.Log2(float64(high)/float64(low))
		return marginLeft + plotWidth*min(share, 1)
	}
	most := uint64(0)
	for _, b := range l.Buckets {
		most = max(most, b.Count)
	}
	top := roundUp(float64(most))
	const floor = marginTop + plotHeight
	c.grid([]tick{{floor, "0"}, {floor - plotHeight/2, wholeNumberWords(top / 2)}, {marginTop, wholeNumberWords(top)}})
	var bars pen
	for _, b := range l.Buckets {
		left, right := x(b.Lower), x(b.Upper)
		height := max(float64(b.Count)/top*plotHeight, 1)
		bars.rect(left, floor-height, max(right-left-.3, 1), height)
		c.Hits = append(c.Hits, Hit{
			X: units(left), Y: units(marginTop), W: units(max(right-left, 1)), H: units(plotHeight),
			Text: fmt.Sprintf("above %s up to %s: %s, %s", Latency(b.Lower), Latency(b.Upper), Plural(b.Count, "request"), Percent(b.Count, l.Count)),
		})
	}
	c.add("step", &bars)
	c.mark("p50", x(l.P50))
	c.mark("p99", x(l.P99))
	for _, t := range latencyTicks(low, high, x) {
		c.text(t.y, chartHeight-6, anchorAt(t.y), t.text)
	}
	c.Desc = fmt.Sprintf("%s: p50 %s, p90 %s, p99 %s, longest %s.", Plural(l.Count, "request"), Latency(l.P50), Latency(l.P90), Latency(l.P99), Latency(l.Max))
	return c
}

// spanOf returns the ends of the scale for some buckets.
func spanOf(buckets []numbers.Bucket) (low, high time.Duration) {
	low, high = buckets[0].Lower, buckets[len(buckets)-1].Upper
	if low == 0 { // the first bucket has latencies of zero or hardly more
		low = max(min(buckets[0].Upper, high/leastSpan), 1)
	}
	if spare := leastSpan * float64(low) / float64(max(high, 1)); spare > 1 {
		low = max(time.Duration(float64(low)/math.Sqrt(spare)), 1)
		high = time.Duration(leastSpan * float64(low))
	}
	return low, high
}

// mark draws a line down the plot.
func (c *Chart) mark(class string, x float64) {
	var p pen
	p.line(x, marginTop)
	p.line(x, marginTop+plotHeight)
	c.add("line "+class, &p)
}

// anchorAt keeps a text below the plot within the chart.
func anchorAt(x float64) string {
	switch {
	case x < marginLeft+15:
		return "start"
	case x > chartWidth-marginRight-15:
		return "end"
	default:
		return "middle"
	}
}
