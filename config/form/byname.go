package form

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// ByName is the mapping of names to what T holds of each. Names are compared without
// case; null takes one of the defaults away.
type ByName[T any] struct {
	// To is the variable that the key fills.
	To *[]T
	// Name returns the name that a T is about.
	Name func(T) string
	// CheckName is given the name in lower case.
	CheckName func(string) error
	// What is what a name stands for, Hint is for who writes one twice.
	What, Hint string
	// Parse returns false for null, and after a mistake, which it reports.
	Parse func(c Cursor, name string, n *yaml.Node) (T, bool)
	// Format returns what Parse reads, with its secrets hidden.
	Format func(T) *yaml.Node
	// Written is what the value of a name looks like.
	Written func() Shape
}

// Decode is that of [Value].
func (b ByName[T]) Decode(c Cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.Fail("must be a mapping of names to values, not %s", KindName(n))
		return
	}
	merged := b.begin()
	lines := map[string]int{}
	for _, p := range c.Pairs(n) {
		entry := c.Entry(p)
		name := strings.ToLower(p.Key.Value)
		if err := b.CheckName(name); err != nil {
			entry.Fail("%s", err)
			continue
		}
		if line, ok := lines[name]; ok {
			entry.Fail("duplicate %s, the first is in line %d; %s", b.What, line, b.Hint)
			continue
		}
		lines[name] = p.Key.Line
		item, ok := b.Parse(entry, p.Key.Value, p.Value)
		merged.put(name, item, ok)
	}
	*b.To = merged.items()
}

// merger puts what is said about names in the place of what was said before about
// the same ones, or at the end. It takes the same time for each of them, however many
// there are.
type merger[T any] struct {
	all []*T           // nil where one was taken away
	at  map[string]int // the place in all of each name, in lower case
}

func (b ByName[T]) begin() *merger[T] {
	m := &merger[T]{at: map[string]int{}}
	for _, old := range *b.To {
		m.put(strings.ToLower(b.Name(old)), old, true)
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

// Encode is that of [Value].
func (b ByName[T]) Encode() *yaml.Node {
	if len(*b.To) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, item := range *b.To {
		n.Content = append(n.Content, TextNode(b.Name(item)), b.Format(item))
	}
	return n
}

// Reset is that of [Value].
func (b ByName[T]) Reset() { *b.To = nil }
