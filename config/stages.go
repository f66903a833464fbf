package config

import "gopkg.in/yaml.v3"

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

// ramp returns how many requests the stages make, which is the area below the
// rate, and how many seconds they last.
func ramp(stages []Stage) (requests, seconds float64) {
	rate := 0.0
	for _, s := range stages {
		requests += (rate + s.Rate) / 2 * s.Duration.Seconds()
		seconds += s.Duration.Seconds()
		rate = s.Rate
	}
	return requests, seconds
}
