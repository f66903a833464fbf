package chart

import (
	"fmt"
	"math"

	"example.com/prober/prober/numbers"
)

// The strip of a row of the overview, in units of its view box.
const (
	stripPitch  = 6
	stripWidth  = Columns * stripPitch
	stripBar    = 22 // the highest bar
	stripLow    = 6  // the bar of a burst without failures
	stripHeight = 44
	// steadyFactor is the smallest ratio of the ends of the scale. It keeps a latency that hardly varies from filling the
	// height.
	steadyFactor = 4
)

// Strip shows each burst as a bar. The bar is low if the burst went well. Otherwise it is high, and the higher the more
// requests failed. Below is the 95th percentile of the latency. A page may have hundreds of strips, so all points of a
// path but the first are relative: this is shorter.
func Strip(bursts []numbers.Burst) *Chart {
	c := &Chart{Width: stripWidth, Height: stripHeight}
	var base pen
	base.line(0, stripBar+.5)
	base.line(stripWidth, stripBar+.5)
	var good, bad, own bars
	failed := 0
	for i := range bursts {
		b := &bursts[i]
		x := stripX(i, len(bursts))
		switch {
		case b.Failed > 0:
			failed++
			bad.add(x, stripBar/2+stripBar/2*float64(b.Failed)/float64(b.Requests))
		case b.Own > 0 || b.Held > 0 || b.Late:
			own.add(x, stripLow*2)
		case b.Requests > 0:
			good.add(x, stripLow)
		}
	}
	c.add("grid", &base)
	c.add("bars good", &good.pen)
	c.add("bars bad", &bad.pen)
	c.add("bars own", &own.pen)
	c.add("line p95", sparkline(bursts))
	c.Title = fmt.Sprintf("%d of the last %d bursts had failures.", failed, len(bursts))
	if n := len(bursts); n > 0 {
		c.Title += " p95 of the last burst: " + Latency(bursts[n-1].P95) + "."
	}
	return c
}

func stripX(i, n int) float64 { return float64((Columns - n + i) * stripPitch) }

// bars are lines side by side. The style sheet sets their width.
type bars struct {
	pen

	x, top float64 // the end of the last one
}

// add draws a bar in the column that begins at x.
func (b *bars) add(x, height float64) {
	height = math.Round(height)
	x += stripPitch / 2
	if len(b.data) == 0 {
		b.command('M', x, stripBar)
	} else {
		b.command('m', x-b.x, stripBar-b.top)
	}
	b.command('v', -height)
	b.x, b.top = x, stripBar-height
}

// sparkline draws p95 as steps, on a logarithmic scale of its own.
func sparkline(bursts []numbers.Burst) *pen {
	low, high := math.Inf(1), math.Inf(-1)
	for i := range bursts {
		if p := float64(bursts[i].P95); p > 0 {
			low, high = min(low, math.Log2(p)), max(high, math.Log2(p))
		}
	}
	if spare := math.Log2(steadyFactor) - (high - low); spare > 0 {
		low, high = low-spare/2, high+spare/2
	}
	var p pen
	last := 0.0
	for i := range bursts {
		p95 := float64(bursts[i].P95)
		if p95 == 0 {
			p.lift()
			continue
		}
		const top, room = stripBar + 5, stripHeight - stripBar - 7
		y := math.Round(2*(top+room*(high-math.Log2(p95))/(high-low))) / 2
		switch {
		case !p.open:
			p.line(stripX(i, len(bursts)), y)
		case y != last:
			p.command('v', y-last)
		}
		p.command('h', stripPitch)
		last = y
	}
	return &p
}
