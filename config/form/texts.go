package form

import (
	"errors"

	"gopkg.in/yaml.v3"
)

// Values returns one text or a list of texts. It returns none for null and
// after a mistake.
func (c Cursor) Values(n *yaml.Node, check func(*yaml.Node) error) []string {
	if IsNull(n) {
		if n.Value == "" {
			c.Fail("has no value; write '' for an empty one, or null to drop the value of the defaults")
		}
		return nil
	}
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	if len(nodes) == 0 {
		c.Fail("must have at least one value")
	}
	values := make([]string, 0, len(nodes))
	for i, node := range nodes {
		if err := check(node); err != nil {
			place := c
			if node != n {
				place = c.Item(i, node)
			}
			place.Fail("%s", err)
			continue
		}
		values = append(values, node.Value)
	}
	return values
}

// CheckText requires a single value that is not null.
func CheckText(n *yaml.Node) error {
	switch {
	case n.Kind != yaml.ScalarNode:
		return errors.New("must be a value or a list of values, not " + KindName(n))
	case IsNull(n):
		return errors.New("has no value; write '' for an empty one")
	}
	return nil
}

// RedactedList replaces count values.
func RedactedList(count int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for range count {
		n.Content = append(n.Content, PlainNode(Redaction))
	}
	return n
}

// IsControl reports whether r is one of the control characters of ASCII and Latin-1.
func IsControl(r rune) bool { return r < ' ' || r >= 0x7f && r <= 0x9f }
