package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// layer is one part of a stacked bar.
type layer struct {
	class string
	value func(*numbers.Burst) float64
}

// stack draws a bar for each burst, the first layer at the bottom. text prints a value of the scale.
func (c *Chart) stack(bursts []numbers.Burst, layers []layer, text func(float64) string) {
	top := 0.0
	for i := range bursts {
		sum := 0.0
		for _, l := range layers {
			sum += l.value(&bursts[i])
		}
		top = max(top, sum)
	}
	top = roundUp(top)
	const floor = marginTop + plotHeight
	c.grid([]tick{{floor, "0"}, {floor - plotHeight/2, text(top / 2)}, {marginTop, text(top)}})
	pens := make([]pen, len(layers))
	for i := range bursts {
		bottom := float64(floor)
		for k, l := range layers {
			if h := l.value(&bursts[i]) / top * plotHeight; h > 0 {
				bottom -= h
				pens[k].rect(column(i, len(bursts)), bottom, pitch(len(bursts))-columnGap, h)
			}
		}
	}
	for k, l := range layers {
		c.add(l.class, &pens[k])
	}
}

// Requests shows how many requests of each burst went well, failed, had trouble of the prober's own, or were never
// sent.
func (s *Series) Requests() *Chart {
	bursts := s.bursts
	c := newChart(s.id+"outcome", "Requests "+s.over)
	if len(bursts) == 0 {
		c.Desc = "No " + s.noun + " has ended yet."
		return c
	}
	c.stack(bursts, []layer{
		{"good", func(b *numbers.Burst) float64 { return float64(b.Requests - b.Failed - b.Own) }},
		{"bad", func(b *numbers.Burst) float64 { return float64(b.Failed) }},
		{"own", func(b *numbers.Burst) float64 { return float64(b.Own) }},
		{"unsent", func(b *numbers.Burst) float64 { return float64(b.Dropped) }},
	}, wholeNumberWords)
	c.times(s)
	c.point(s, requestFigures)
	c.Desc = s.describe(requestFigures)
	return c
}

// wholeNumberWords prints a whole number. For any other number it returns "".
func wholeNumberWords(v float64) string {
	if v != math.Trunc(v) {
		return ""
	}
	return Number(uint64(v))
}

func requestFigures(b *numbers.Burst) string {
	words := fmt.Sprintf("%s, %s failed", Plural(b.Requests, "request"), Number(b.Failed))
	if b.Own > 0 {
		words += fmt.Sprintf(", %s with trouble of the prober", Number(b.Own))
	}
	if b.Dropped > 0 {
		words += fmt.Sprintf(", %s never sent", Number(b.Dropped))
	}
	return words
}

// Phases shows the mean time of a request in each phase, for each burst.
func (s *Series) Phases() *Chart {
	bursts := s.bursts
	c := newChart("phases", "Mean time in each phase")
	if len(bursts) == 0 {
		c.Desc = "No " + s.noun + " has ended yet."
		return c
	}
	var layers []layer
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		layers = append(layers, layer{"phase-" + p.String(), func(b *numbers.Burst) float64 { return b.Phases[p].Seconds() }})
	}
	c.stack(bursts, layers, func(v float64) string { return tickLatency(time.Duration(v * float64(time.Second))) })
	c.times(s)
	c.point(s, phaseFigures)
	c.Desc = s.describe(phaseFigures)
	return c
}

func phaseFigures(b *numbers.Burst) string {
	var words []string
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		if b.Phases[p] > 0 {
			words = append(words, p.String()+" "+Latency(b.Phases[p]))
		}
	}
	return strings.Join(words, ", ")
}

// maxLanes is the largest number of codes in the chart of codes.
const maxLanes = 8

// Codes gives each code a lane. The higher a bar, the larger the share of the burst's requests with this code.
func (s *Series) Codes() *Chart {
	bursts := s.bursts
	c := newChart(s.id+"codes", "Error codes "+s.over)
	lanes := commonest(bursts)
	if len(lanes) == 0 {
		c.Desc = "No request has ended yet."
		return c
	}
	room := float64(plotHeight) / float64(max(len(lanes), 3)) // of a lane
	var base pen
	for k, code := range lanes {
		bottom := marginTop + room*float64(k+1) - 3
		base.line(marginLeft, bottom+.5)
		base.line(chartWidth-marginRight, bottom+.5)
		base.lift()
		c.text(marginLeft-6, bottom-2, "end", code.String())
		c.add(ClassOf(code), lane(bursts, code, bottom, room-6))
	}
	c.add("grid", &base)
	c.times(s)
	c.point(s, codeFigures)
	c.Desc = s.last(codeFigures) + " The codes are explained in the table of codes."
	return c
}

// lane draws the bars of one code.
func lane(bursts []numbers.Burst, code errcode.Code, bottom, height float64) *pen {
	const least = 3
	var p pen
	for i := range bursts {
		b := &bursts[i]
		if n := countOf(b, code); n > 0 {
			h := least + (height-least)*float64(n)/float64(b.Requests)
			p.rect(column(i, len(bursts)), bottom-h, pitch(len(bursts))-columnGap, h)
		}
	}
	return &p
}

// commonest returns the codes of the bursts: success first, then the others, the commonest first.
func commonest(bursts []numbers.Burst) []errcode.Code {
	counts := map[errcode.Code]uint64{}
	for i := range bursts {
		if n := countOf(&bursts[i], errcode.OK); n > 0 {
			counts[errcode.OK] += n
		}
		for _, k := range bursts[i].Kinds {
			counts[k.Code] += k.Count
		}
	}
	codes := make([]errcode.Code, 0, len(counts))
	for code := range counts {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b errcode.Code) int {
		if (a == errcode.OK) != (b == errcode.OK) {
			return cmp.Compare(a, b)
		}
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return codes[:min(len(codes), maxLanes)]
}

func countOf(b *numbers.Burst, code errcode.Code) (n uint64) {
	if code == errcode.OK {
		return b.Requests - b.Failed - b.Own
	}
	for _, k := range b.Kinds {
		if k.Code == code {
			n += k.Count
		}
	}
	return n
}

func codeFigures(b *numbers.Burst) string {
	var words []string
	for _, code := range commonest([]numbers.Burst{*b}) {
		words = append(words, fmt.Sprintf("%s %s: %s", code, code.Name(), Number(countOf(b, code))))
	}
	if len(words) == 0 {
		return "no request ended"
	}
	return strings.Join(words, ", ")
}
