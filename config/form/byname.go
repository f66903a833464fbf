package form

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// ByName is a mapping of names to values of type T. Names are compared without
// case; null removes a name of the defaults.
type ByName[T any] struct {
	// To is the variable for the key.
	To *[]T
	// Name returns the name of a T.
	Name func(T) string
	// CheckName gets the name in lower case.
	CheckName func(string) error
	// What is the term for a name in messages. Hint is advice for users who
	// write a name twice.
	What, Hint string
	// Parse returns false for null, and after a mistake. It reports mistakes.
	Parse func(c Cursor, name string, n *yaml.Node) (T, bool)
	// Format is the inverse of Parse, with secrets hidden.
	Format func(T) *yaml.Node
	// Written returns the shape of the value of a name.
	Written func() Shape
}

// Decode implements [Value].
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

// merger replaces the item of a known name in its place, and adds new names at
// the end. The time per name does not depend on their number.
type merger[T any] struct {
	all []*T           // nil for a removed item
	at  map[string]int // the index in all of each name, in lower case
}

func (b ByName[T]) begin() *merger[T] {
	m := &merger[T]{at: map[string]int{}}
	for _, old := range *b.To {
		m.put(strings.ToLower(b.Name(old)), old, true)
	}
	return m
}

// put sets the item of a name or, unless set, removes it.
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

// items returns the remaining items in order, nil if there are none.
func (m *merger[T]) items() []T {
	var items []T
	for _, item := range m.all {
		if item != nil {
			items = append(items, *item)
		}
	}
	return items
}

// Encode implements [Value].
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

// Reset implements [Value].
func (b ByName[T]) Reset() { *b.To = nil }
