// Package chart draws figures as SVG, small enough to be read as text and without external resources.
package chart

import (
	"fmt"
	"html"
	"strings"
)

// Colours are distinct even for people who see no red or no green, on white and on black.
var colours = [...]string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8a8a", "#b2a200", "#7a5ac2", "#4d8a00"}

const style = `<style>text{font:12px sans-serif;fill:#555}.title{font-weight:bold}.axis{stroke:#8888;fill:none}` +
	`@media(prefers-color-scheme:dark){text{fill:#bbb}}</style>` + "\n"

// drawing collects the elements of an SVG.
type drawing struct{ strings.Builder }

func (d *drawing) begin(width, height int, title string) {
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img"><title>%s</title>`+"\n"+style,
		width, height, html.EscapeString(title))
}

func (d *drawing) end() string {
	d.WriteString("</svg>\n")
	return d.String()
}

// text writes at a point; anchor is start, middle or end.
func (d *drawing) text(x, y float64, anchor, class, s string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`+"\n", x, y, anchor, class, html.EscapeString(s))
}

func (d *drawing) line(x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, `<path class="axis" d="M%.1f %.1fL%.1f %.1f"/>`+"\n", x1, y1, x2, y2)
}

func (d *drawing) rect(x, y, width, height float64, colour string) {
	fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, y, max(width, 0), height, colour)
}
