package chart

import (
	"fmt"
	"math"
)

// Lines are curves of growth with a size, both relative to their first values and on logarithmic scales: growth in
// proportion runs along the dotted diagonal.
type Lines struct {
	Title string
	X     string // title of the axis
	Lines []Line
}

// Line is one curve; X ascends.
type Line struct {
	Name string
	X, Y []float64
}

const (
	plotWidth, plotHeight = 840, 420
	plotLeft, plotRight   = 60, 240
	plotTop, plotBottom   = 40, 40
)

// plane maps growth along both axes to points.
type plane struct{ decadesX, lowY, highY float64 }

func (p plane) x(grown float64) float64 {
	return plotLeft + math.Log10(grown)/p.decadesX*(plotWidth-plotLeft-plotRight)
}

func (p plane) y(grown float64) float64 {
	return plotHeight - plotBottom - (math.Log10(grown)-p.lowY)/(p.highY-p.lowY)*(plotHeight-plotTop-plotBottom)
}

func (l Lines) String() string {
	p := l.plane()
	var d drawing
	d.begin(plotWidth, plotHeight, l.Title)
	d.text(10, 18, "start", "title", l.Title)
	d.text((plotWidth-plotRight+plotLeft)/2, plotHeight-8, "middle", "", l.X)
	for e := 0.0; e <= p.decadesX; e++ {
		x := p.x(math.Pow(10, e))
		d.line(x, plotTop, x, plotHeight-plotBottom)
		d.text(x, plotHeight-plotBottom+16, "middle", "", fmt.Sprintf("%.0f×", math.Pow(10, e)))
	}
	for e := math.Ceil(p.lowY); e <= p.highY; e++ {
		y := p.y(math.Pow(10, e))
		d.line(plotLeft, y, plotWidth-plotRight, y)
		d.text(plotLeft-6, y+4, "end", "", fmt.Sprintf("%g×", math.Pow(10, e)))
	}
	fmt.Fprintf(&d, `<path stroke="#888" stroke-dasharray="2 4" d="M%.1f %.1fL%.1f %.1f"/>`+"\n",
		p.x(1), p.y(1), p.x(math.Pow(10, p.decadesX)), p.y(math.Pow(10, p.decadesX)))
	for i, line := range l.Lines {
		d.curve(p, line, i)
	}
	return d.end()
}

func (l Lines) plane() (p plane) {
	for _, line := range l.Lines {
		p.decadesX = max(p.decadesX, math.Log10(line.X[len(line.X)-1]/line.X[0]))
		for _, y := range line.Y {
			grown := math.Log10(y / line.Y[0])
			p.lowY, p.highY = min(p.lowY, grown), max(p.highY, grown)
		}
	}
	p.highY = max(p.highY, p.decadesX)
	return p
}

func (d *drawing) curve(p plane, l Line, i int) {
	colour := colours[i%len(colours)]
	d.WriteString(`<polyline fill="none" stroke-width="2" stroke="` + colour + `" points="`)
	for k, x := range l.X {
		fmt.Fprintf(d, "%.1f,%.1f ", p.x(x/l.X[0]), p.y(l.Y[k]/l.Y[0]))
	}
	d.WriteString(`"/>` + "\n")
	y := plotTop + 10 + float64(i)*barStep
	d.rect(plotWidth-plotRight+14, y, 10, 10, colour)
	d.text(plotWidth-plotRight+30, y+10, "start", "", l.Name)
}
