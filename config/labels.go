package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

// labels maps label names to values; null removes a label of the defaults.
type labels struct{ to *map[string]string }

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// reservedLabels are the labels of the prober's own metrics.
func reservedLabels() []string { return []string{"target", "url", "error_code", "request"} }

func (l labels) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.Fail("must be a mapping of names to values, not %s", form.KindName(n))
		return
	}
	merged := maps.Clone(*l.to)
	if merged == nil {
		merged = map[string]string{}
	}
	for _, p := range c.Pairs(n) {
		label, name := c.Entry(p), p.Key.Value
		switch {
		case !labelName.MatchString(name):
			label.Fail("a label name is letters, digits and _, and does not begin with a digit")
		case strings.HasPrefix(name, "__"):
			label.Fail("label names that begin with __ belong to Prometheus")
		case slices.Contains(reservedLabels(), name):
			label.Fail("is a label of the prober's own metrics; choose another name")
		case p.Value.Kind != yaml.ScalarNode:
			label.Fail("must be a single value, not %s", form.KindName(p.Value))
		case form.IsNull(p.Value) && p.Value.Value == "":
			label.Fail("has no value")
		case form.IsNull(p.Value):
			delete(merged, name)
		default:
			merged[name] = p.Value.Value
		}
	}
	if len(merged) == 0 {
		merged = nil
	}
	*l.to = merged
}

func (l labels) Encode() *yaml.Node {
	if len(*l.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, name := range slices.Sorted(maps.Keys(*l.to)) {
		n.Content = append(n.Content, form.TextNode(name), form.TextNode((*l.to)[name]))
	}
	return n
}

// Shape implements [form.Value].
func (labels) Shape() form.Shape {
	return form.MapOf(form.AnyText()).With("propertyNames", form.Shape{"pattern": labelName.String()})
}

func (l labels) Reset() { *l.to = nil }
