package chart

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/prober/prober/numbers"
)

// The charts of a journey have a row for each step. A row has its words, and a bar below them. The units are those of
// the view box.
const (
	stepPitch = 32
	stepWords = 11 // the base line
	stepBar   = 17 // the top of the bar
	stepThick = 9
	// rowWords is how many letters fit in a row, in the largest writing of a chart.
	rowWords = 42
	// thinkWidth is the largest width of the gap for the time between two steps. thinkShare is the largest share of the
	// width for all gaps together.
	thinkWidth = 6
	thinkShare = 0.3
	// leastBar is the smallest width of a bar, so that a reader can see it.
	leastBar = 1.5
	// maxSteps is the largest number of steps in a chart.
	maxSteps = 40
)

// stepChart is a chart with a row for each of the first steps, and for some more.
type stepChart struct {
	*Chart
	steps []numbers.RequestNumbers
	words []string // of each row
}

func newStepChart(id, title string, steps []numbers.RequestNumbers, more int) *stepChart {
	steps = steps[:min(len(steps), maxSteps)]
	c := &stepChart{Chart: newChart(id, title), steps: steps}
	c.Height = stepPitch * (len(steps) + more)
	return c
}

// row writes the words of a row: its name at the left, cut to the room there, and figures at the right. The description
// of the chart and the title of the row have the whole name and more.
func (c *stepChart) row(number, name, figures, more string) {
	y := float64(stepPitch * len(c.words))
	c.text(0, y+stepWords, "start", number+shortened(name, rowWords-len(number)-utf8.RuneCountInString(figures)))
	c.text(chartWidth, y+stepWords, "end", figures)
	words := name + ": " + figures + more
	c.words = append(c.words, words)
	c.Hits = append(c.Hits, Hit{X: "0", Y: units(y), W: units(chartWidth), H: units(stepPitch), Text: words})
}

// shortened takes the middle out of a name that is longer than the room. The name is ASCII.
func shortened(name string, room int) string {
	half := max(room-1, 8) / 2
	if len(name) <= 2*half+1 {
		return name
	}
	return name[:half] + "…" + name[len(name)-half:]
}

func stepNumber(i int) string { return strconv.Itoa(i+1) + ". " }

// bar draws a part of the bar of the last row.
func (c *stepChart) bar(p *pen, x, width float64) {
	p.rect(x, float64(stepPitch*(len(c.words)-1)+stepBar), width, stepThick)
}

// finish describes the rows in words.
func (c *stepChart) finish(all int) *Chart {
	c.Desc = strings.Join(c.words, "; ") + "."
	if hidden := all - len(c.steps); hidden > 0 {
		c.Desc += fmt.Sprintf(" The %d steps behind these are not shown.", hidden)
	}
	return c.Chart
}

// Waterfall shows the median of each step. The bar of a step begins at the end of the bar before it. If journeys think
// between steps, a gap of constant width separates the bars. Waterfall returns nil before a step has ended.
func Waterfall(steps []numbers.RequestNumbers, think time.Duration) *Chart {
	c := newStepChart("waterfall", "Medians of the steps, one after the other", steps, 0)
	var sum time.Duration
	for i := range c.steps {
		sum += c.steps[i].P50
	}
	if sum == 0 {
		return nil
	}
	gap := 0.0
	if n := len(c.steps) - 1; think > 0 && n > 0 {
		gap = min(thinkWidth, thinkShare*chartWidth/float64(n))
	}
	scale := (chartWidth - leastBar - gap*float64(len(c.steps)-1)) / float64(sum)
	pens := map[string]*pen{"step": {}, "bad": {}, "own": {}}
	var pauses pen
	x := 0.0
	for i := range c.steps {
		n := &c.steps[i]
		class, trouble := stepState(n)
		c.row(stepNumber(i), n.Name, stepFigures(n)+trouble, "")
		if n.P50 > 0 {
			width := float64(n.P50) * scale
			c.bar(pens[class], x, max(width, leastBar))
			x += width
		}
		if i < len(c.steps)-1 && gap > 0 {
			pauses.rect(x, float64(stepPitch*i+stepBar+stepThick/3), gap, stepThick/3)
			x += gap
		}
	}
	for _, class := range []string{"step", "bad", "own"} {
		c.add(class, pens[class])
	}
	c.add("think", &pauses)
	done := c.finish(len(steps))
	if gap > 0 {
		done.Desc += " Between two steps journeys think for " + Latency(think) + " on average, which is not to scale."
	}
	return done
}

// stepState judges a step by the last burst that sent it.
func stepState(n *numbers.RequestNumbers) (class, trouble string) {
	switch {
	case !n.FailingSince.IsZero():
		return "bad", ", failing"
	case !n.TroubledSince.IsZero():
		return "own", ", prober problem"
	default:
		return "step", ""
	}
}

func stepFigures(n *numbers.RequestNumbers) string {
	if n.Requests == 0 {
		return "none ended yet"
	}
	return "median " + Latency(n.P50)
}

// Funnel shows the journeys that have ended. For each step it shows how many got there, and at the right end of the bar
// how many ended there. It also shows how many went through. It returns nil if no journey got to a step.
func Funnel(steps []numbers.RequestNumbers, j *numbers.JourneyNumbers) *Chart {
	c := newStepChart("funnel", "How far journeys get", steps, 1)
	funnel := j.Funnel(steps)
	if len(funnel) == 0 || funnel[0].Reached == 0 {
		return nil
	}
	of := func(n uint64) float64 { return chartWidth * float64(n) / float64(funnel[0].Reached) }
	var good, bad, own pen
	for i, step := range funnel[:len(c.steps)] {
		figures, more := funnelFigures(&step)
		c.row(stepNumber(i), step.Name, figures, more)
		c.parts([]*pen{&good, &bad, &own}, []float64{of(step.Reached - step.Failed - step.Interrupted), of(step.Failed), of(step.Interrupted)})
	}
	through := j.Count(numbers.JourneySuccess)
	c.row("", "All steps", Number(through)+" went through", "")
	c.parts([]*pen{&good}, []float64{of(through)})
	c.add("good", &good)
	c.add("bad", &bad)
	c.add("own", &own)
	return c.finish(len(steps))
}

// parts draws the parts of a bar. Narrow parts take from the first part the width they need to be visible.
func (c *stepChart) parts(pens []*pen, widths []float64) {
	for i, width := range widths {
		if i > 0 && width > 0 && width < leastBar {
			widths[0], widths[i] = widths[0]-(leastBar-width), leastBar
		}
	}
	x := 0.0
	for i, width := range widths {
		if width > 0 {
			c.bar(pens[i], x, width)
			x += width
		}
	}
}

// funnelFigures says how many journeys came to a step. more has the text for which a row has no room.
func funnelFigures(s *numbers.FunnelStep) (words, more string) {
	words = Number(s.Reached) + " got here"
	switch {
	case s.Interrupted > 0:
		words += ", " + Number(s.Failed+s.Interrupted) + " ended"
		more = " (" + Number(s.Failed) + " failed, " + Number(s.Interrupted) + " interrupted)"
	case s.Failed > 0:
		words += ", " + Number(s.Failed) + " failed"
	}
	return words, more
}
