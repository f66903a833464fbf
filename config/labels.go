package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// labels is the mapping of label names to values; null takes a label of the
// defaults away.
type labels struct{ to *map[string]string }

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// reservedLabels are those that the prober's own metrics have.
func reservedLabels() []string { return []string{"target", "url", "error_code"} }

func (l labels) decode(c cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.fail("must be a mapping of names to values, not %s", kindName(n))
		return
	}
	merged := maps.Clone(*l.to)
	if merged == nil {
		merged = map[string]string{}
	}
	for _, p := range c.pairs(n) {
		label, name := c.entry(p), p.key.Value
		switch {
		case !labelName.MatchString(name):
			label.fail("a label name is letters, digits and _, and does not begin with a digit")
		case strings.HasPrefix(name, "__"):
			label.fail("label names that begin with __ belong to Prometheus")
		case slices.Contains(reservedLabels(), name):
			label.fail("is a label of the prober's own metrics; choose another name")
		case p.value.Kind != yaml.ScalarNode:
			label.fail("must be a single value, not %s", kindName(p.value))
		case isNull(p.value) && p.value.Value == "":
			label.fail("has no value")
		case isNull(p.value):
			delete(merged, name)
		default:
			merged[name] = p.value.Value
		}
	}
	if len(merged) == 0 {
		merged = nil
	}
	*l.to = merged
}

func (l labels) encode() *yaml.Node {
	if len(*l.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, name := range slices.Sorted(maps.Keys(*l.to)) {
		n.Content = append(n.Content, textNode(name), textNode((*l.to)[name]))
	}
	return n
}

func (l labels) reset() { *l.to = nil }
