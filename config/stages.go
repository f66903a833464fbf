package config

import (
	"time"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

// maxStages bounds the stages of one burst.
const maxStages = 100

// stages is the list of the stages of a burst. A target's list replaces that of
// the defaults.
type stages struct{ to *[]Stage }

func (s stages) Decode(c form.Cursor, n *yaml.Node) {
	switch {
	case n.Kind != yaml.SequenceNode:
		c.Fail("must be a list, not %s", form.KindName(n))
		return
	case len(n.Content) == 0:
		c.Fail("must have at least one stage")
		return
	case len(n.Content) > maxStages:
		c.Fail("must have at most %d stages, not %d", maxStages, len(n.Content))
		return
	}
	items := make([]Stage, len(n.Content))
	for i, node := range n.Content {
		stageFields(&items[i]).Decode(c.Item(i, node), node)
	}
	*s.to = items
}

func (s stages) Encode() *yaml.Node {
	if len(*s.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, stage := range *s.to {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
			form.PlainNode("duration"), form.PlainNode(form.FormatDuration(stage.Duration)),
			form.PlainNode("rate"), form.NumberNode(stage.Rate),
		}})
	}
	return n
}

// Shape implements [form.Value].
func (stages) Shape() form.Shape {
	return form.ListOf(stageFields(new(Stage)).Shape()).With("minItems", 1).With("maxItems", maxStages)
}

func (s stages) Reset() { *s.to = nil }

// ramp returns how many requests the stages make until a duration ends them,
// and how long they last. until is 0 without such a duration. The number of
// requests is the area below the rate.
func ramp(stages []Stage, until time.Duration) (requests float64, lasts time.Duration) {
	rate := 0.0
	for _, s := range stages {
		length, end := s.Duration, s.Rate
		if until > 0 && lasts+length > until {
			length = until - lasts
			end = rate + (s.Rate-rate)*length.Seconds()/s.Duration.Seconds()
		}
		requests += (rate + end) / 2 * length.Seconds()
		lasts += length
		if length < s.Duration {
			break
		}
		rate = s.Rate
	}
	return requests, lasts
}
