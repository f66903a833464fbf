package config

import (
	"time"

	"gopkg.in/yaml.v3"
)

// maxStages bounds the stages of one burst.
const maxStages = 100

// stages is the list of the stages of a burst; a target's replaces that of the
// defaults.
type stages struct{ to *[]Stage }

func (s stages) decode(c cursor, n *yaml.Node) {
	switch {
	case n.Kind != yaml.SequenceNode:
		c.fail("must be a list, not %s", kindName(n))
		return
	case len(n.Content) == 0:
		c.fail("must hold at least one stage")
		return
	case len(n.Content) > maxStages:
		c.fail("must hold at most %d stages, not %d", maxStages, len(n.Content))
		return
	}
	items := make([]Stage, len(n.Content))
	for i, node := range n.Content {
		stageFields(&items[i]).decode(c.item(i, node), node)
	}
	*s.to = items
}

func (s stages) encode() *yaml.Node {
	if len(*s.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, stage := range *s.to {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
			plainNode("duration"), plainNode(formatDuration(stage.Duration)),
			plainNode("rate"), numberNode(stage.Rate),
		}})
	}
	return n
}

func (s stages) reset() { *s.to = nil }

// ramp returns how many requests the stages make until a duration ends them, 0 for
// none that does, and how long they last. The number is the area below the rate.
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
