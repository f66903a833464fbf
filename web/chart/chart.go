// Package chart draws the charts of the pages and of the reports of bursts, as SVG for a template, and puts
// figures into words. The colours come from the style sheet of the pages.
//
// A [Series] is made of bursts, of slices of one burst, or of days. Its methods return a [Chart]: paths, texts
// and areas with their figures, which the template "chart" writes. Each chart says in words what it shows, for
// readers who do not see it. Its size does not depend on how many requests there were.
package chart

import (
	"math"
	"strconv"
	"time"

	"example.com/prober/errcode"
)

// Columns is the largest number of bursts, or slices of a burst, in a chart.
const Columns = 48

// The frame of a chart, in units of its view box. There is always room for at least fewColumns. The latest column is at
// the right, so all charts of a page line up.
const (
	fewColumns = 24

	chartWidth   = 400
	chartHeight  = 190
	marginLeft   = 54
	marginRight  = 4
	marginTop    = 10
	marginBottom = 22

	plotWidth  = chartWidth - marginLeft - marginRight
	plotHeight = chartHeight - marginTop - marginBottom
	columnGap  = 1.2 // to the next column
)

// Chart is a drawing. The template "chart" turns it into SVG. Its classes get their colours from the style sheet.
type Chart struct {
	ID string
	// Title names the chart. Desc says in words what it shows.
	Title, Desc   string
	Width, Height int
	Shapes        []Shape
	Labels        []Label
	Hits          []Hit
}

// Shape is a path of the given class.
type Shape struct{ Class, D string }

// Label is a text.
type Label struct {
	X, Y   string
	Anchor string
	Text   string
}

// Hit is an area that shows its figures under the pointer.
type Hit struct {
	X, Y, W, H string
	Text       string
}

func newChart(id, title string) *Chart {
	return &Chart{ID: id, Title: title, Width: chartWidth, Height: chartHeight}
}

// pen collects the data of an SVG path.
type pen struct {
	data []byte
	open bool // a line is under way
}

func (p *pen) rect(x, y, w, h float64) {
	p.command('M', x, y)
	p.command('h', w)
	p.command('v', h)
	p.command('h', -w)
	p.data = append(p.data, 'z')
}

// line draws a line to a point. If no line is open, one begins at this point.
func (p *pen) line(x, y float64) {
	command := byte('L')
	if !p.open {
		command, p.open = 'M', true
	}
	p.command(command, x, y)
}

// lift ends the line.
func (p *pen) lift() { p.open = false }

func (p *pen) command(name byte, values ...float64) {
	p.data = append(p.data, name)
	for i, n := range values {
		if i > 0 {
			p.data = append(p.data, ' ')
		}
		p.data = appendUnits(p.data, n)
	}
}

func appendUnits(b []byte, n float64) []byte {
	return strconv.AppendFloat(b, math.Round(n*10)/10, 'f', -1, 64)
}

func units(n float64) string { return string(appendUnits(nil, n)) }

// add draws a path. It leaves out an empty path.
func (c *Chart) add(class string, p *pen) {
	if len(p.data) > 0 {
		c.Shapes = append(c.Shapes, Shape{class, string(p.data)})
	}
}

func (c *Chart) text(x, y float64, anchor, text string) {
	c.Labels = append(c.Labels, Label{units(x), units(y), anchor, text})
}

// pitch returns the width of one of n columns, with the gap.
func pitch(n int) float64 { return plotWidth / float64(max(n, fewColumns)) }

// column returns the left edge of the column of burst i of n.
func column(i, n int) float64 { return chartWidth - marginRight - float64(n-i)*pitch(n) }

// grid draws a line across the plot for each tick, with its words before it.
func (c *Chart) grid(ticks []tick) {
	var p pen
	for _, t := range ticks {
		p.line(marginLeft, t.y)
		p.line(chartWidth-marginRight, t.y)
		p.lift()
		c.text(marginLeft-6, t.y+4, "end", t.text)
	}
	c.add("grid", &p)
}

type tick struct {
	y    float64
	text string
}

// roundUp returns 1, 2 or 5 times a power of ten: the least such value not below v.
func roundUp(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 5} {
		if step*power >= v*(1-1e-9) {
			return step * power
		}
	}
	return 10 * power
}

// tickLatency prints the round duration of a tick.
func tickLatency(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatFloat(d.Seconds()*1e6, 'g', 3, 64) + " µs"
	case d < time.Second:
		return strconv.FormatFloat(d.Seconds()*1e3, 'g', 3, 64) + " ms"
	default:
		return strconv.FormatFloat(d.Seconds(), 'g', 3, 64) + " s"
	}
}

// ClassOf returns the class of a code: success, failure of the target or failure of the prober.
func ClassOf(code errcode.Code) string {
	switch {
	case !code.IsFailure():
		return "good"
	case code.IsOwn():
		return "own"
	default:
		return "bad"
	}
}
