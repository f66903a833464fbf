package form

import (
	"fmt"
	"regexp"

	"gopkg.in/yaml.v3"
)

// hint points out an invisible character in a key or a value with a mistake, or
// syntax of another program. It repeats nothing of the value.
func (c Cursor) hint() string {
	const enough = 1 << 10 // aliases can lead here with the same megabytes again and again
	for _, n := range []*yaml.Node{c.Node, c.value} {
		if n == nil || n.Kind != yaml.ScalarNode || c.full() {
			continue
		}
		text := n.Value[:min(len(n.Value), enough)]
		if hint := spaceHint(text); hint != "" {
			return hint
		}
		if variable.MatchString(text) {
			return "; the prober does not expand variables such as ${...}"
		}
	}
	return ""
}

// spaceHint names the first character in s that looks like a space but is none
// to YAML. Copies from pages and chats are full of them.
func spaceHint(s string) string {
	for _, r := range s {
		what := ""
		switch {
		case r == '\u00a0', r == '\u202f':
			what = "a no-break space"
		case r == '\u200b', r == '\u2060':
			what = "a space without width"
		case r == '\u1680', r >= '\u2000' && r <= '\u200a', r == '\u205f', r == '\u3000':
			what = "a space of another width"
		}
		if what != "" {
			return fmt.Sprintf("; it contains %s (%U), and YAML does not read that as a space", what, r)
		}
	}
	return ""
}

// variable matches a variable of a shell. Some programs expand these in their
// files.
var variable = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*(:?[-=?+][^}]*)?\}`)

// VariableFinder holds the nodes it has checked: aliases may lead to them
// again.
type VariableFinder map[*yaml.Node]struct{}

// Find warns of variables in the values at and below n, the node at c.
func (f VariableFinder) Find(c Cursor, n *yaml.Node) {
	const short = 256 // bytes: too little for an entry
	if _, known := f[n]; known {
		return
	}
	if n.Kind != yaml.ScalarNode || len(n.Value) > short {
		f[n] = struct{}{}
	}
	switch n.Kind {
	case yaml.MappingNode:
		for _, p := range c.Pairs(n) {
			f.Find(c.Child(p.Key), p.Value)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			f.Find(c.Item(i, item), item)
		}
	default:
		if variable.MatchString(n.Value) {
			c.add(c.Node, c.Where, c.Path, "contains a variable such as ${...}; the prober does not expand it and uses the text as it is")
		}
	}
}
