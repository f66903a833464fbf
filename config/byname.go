package config

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// byName is the mapping of names to what T holds of each. Names are compared without
// case; null takes one of the defaults away.
type byName[T any] struct {
	to *[]T
	// name returns the name that a T is about.
	name func(T) string
	// checkName is given the name in lower case.
	checkName func(string) error
	// what is what a name stands for, hint is for who writes one twice.
	what, hint string
	// parse returns false for null, and after a mistake, which it reports.
	parse  func(c cursor, name string, n *yaml.Node) (T, bool)
	format func(T) *yaml.Node
}

func (b byName[T]) decode(c cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.fail("must be a mapping of names to values, not %s", kindName(n))
		return
	}
	merged := b.begin()
	lines := map[string]int{}
	for _, p := range c.pairs(n) {
		entry := c.entry(p)
		name := strings.ToLower(p.key.Value)
		if err := b.checkName(name); err != nil {
			entry.fail("%s", err)
			continue
		}
		if line, ok := lines[name]; ok {
			entry.fail("duplicate %s, the first is in line %d; %s", b.what, line, b.hint)
			continue
		}
		lines[name] = p.key.Line
		item, ok := b.parse(entry, p.key.Value, p.value)
		merged.put(name, item, ok)
	}
	*b.to = merged.items()
}

// merger puts what is said about names in the place of what was said before about
// the same ones, or at the end. It takes the same time for each of them, however many
// there are.
type merger[T any] struct {
	all []*T           // nil where one was taken away
	at  map[string]int // the place in all of each name, in lower case
}

func (b byName[T]) begin() *merger[T] {
	m := &merger[T]{at: map[string]int{}}
	for _, old := range *b.to {
		m.put(strings.ToLower(b.name(old)), old, true)
	}
	return m
}

// put sets what is said about a name or, unless set, takes it away.
func (m *merger[T]) put(name string, item T, set bool) {
	i, known := m.at[name]
	switch {
	case set && known:
		m.all[i] = &item
	case set:
		m.at[name] = len(m.all)
		m.all = append(m.all, &item)
	case known:
		m.all[i] = nil
		delete(m.at, name)
	}
}

// items returns what is left in order, nil for nothing.
func (m *merger[T]) items() []T {
	var items []T
	for _, item := range m.all {
		if item != nil {
			items = append(items, *item)
		}
	}
	return items
}

func (b byName[T]) encode() *yaml.Node {
	if len(*b.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, item := range *b.to {
		n.Content = append(n.Content, textNode(b.name(item)), b.format(item))
	}
	return n
}

func (b byName[T]) reset() { *b.to = nil }
