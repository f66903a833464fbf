package config

import (
	"errors"

	"gopkg.in/yaml.v3"
)

// values returns one text or a list of them: none for null and after a mistake.
func (c cursor) values(n *yaml.Node, check func(*yaml.Node) error) []string {
	if isNull(n) {
		if n.Value == "" {
			c.fail("has no value; write '' for an empty one, or null to leave out what the defaults say")
		}
		return nil
	}
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	if len(nodes) == 0 {
		c.fail("must hold at least one value")
	}
	values := make([]string, 0, len(nodes))
	for i, node := range nodes {
		if err := check(node); err != nil {
			place := c
			if node != n {
				place = c.item(i, node)
			}
			place.fail("%s", err)
			continue
		}
		values = append(values, node.Value)
	}
	return values
}

func checkText(n *yaml.Node) error {
	switch {
	case n.Kind != yaml.ScalarNode:
		return errors.New("must be a value or a list of values, not " + kindName(n))
	case isNull(n):
		return errors.New("has no value; write '' for an empty one")
	}
	return nil
}

// redactedList stands for so many values.
func redactedList(count int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for range count {
		n.Content = append(n.Content, plainNode(redaction))
	}
	return n
}

// isControl reports whether r is one of the control characters of ASCII and Latin-1.
func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r <= 0x9f }
