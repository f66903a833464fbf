package chart

import "fmt"

// Bars are horizontal bars in groups, all on one scale.
type Bars struct {
	Title  string
	Groups []Group
	// Mark is a value with a line through all bars. Longer bars are cut off at Limit.
	Mark, Limit float64
}

// Group is a group of bars.
type Group struct {
	Title string
	Bars  []Bar
}

// Bar is one bar. Its number in Series gives it a colour.
type Bar struct {
	Name   string
	Series int
	// Value is its length; Least and Greatest are the ends of its spread.
	Value, Least, Greatest float64
}

const (
	barWidth   = 840
	barLeft    = 170 // where bars begin
	barRight   = 60  // room for the number after the longest
	barStep    = 18
	groupSpace = 30
)

func (b Bars) String() string {
	height, longest := 30, b.Mark
	for _, g := range b.Groups {
		height += groupSpace + barStep*len(g.Bars)
		for _, bar := range g.Bars {
			longest = max(longest, bar.Greatest)
		}
	}
	longest = min(longest, b.Limit)
	scale := (barWidth - barLeft - barRight) / longest
	var d drawing
	d.begin(barWidth, height+10, b.Title)
	d.text(10, 18, "start", "title", b.Title)
	y := 30.0
	for _, g := range b.Groups {
		d.text(10, y+groupSpace-12, "start", "title", g.Title)
		y += groupSpace - 6
		for _, bar := range g.Bars {
			d.bar(bar, y, scale, longest)
			y += barStep
		}
		y += 6
	}
	mark := barLeft + b.Mark*scale
	d.line(mark, 30, mark, y)
	return d.end()
}

func (d *drawing) bar(b Bar, y, scale, longest float64) {
	at := func(v float64) float64 { return barLeft + min(v, longest)*scale }
	d.text(barLeft-8, y+12, "end", "", b.Name)
	d.rect(barLeft, y+2, at(b.Value)-barLeft, barStep-5, colours[b.Series%len(colours)])
	d.line(at(b.Least), y+barStep/2, at(b.Greatest), y+barStep/2)
	number := fmt.Sprintf("%.3g", b.Value)
	if b.Value > longest {
		number = "→ " + number
	}
	d.text(at(b.Greatest)+6, y+12, "start", "", number)
}
