package config

import (
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"
)

// list is a key with a list of single values; an item's replaces the whole list of the
// defaults.
type list[T any] struct {
	to     *[]T
	parse  func(n *yaml.Node) (T, error)
	format func(T) *yaml.Node
	// check, which may be nil, looks at the list as a whole.
	check func([]T) error
	// zero is what an empty list in the file becomes.
	zero []T
}

func (l list[T]) decode(c cursor, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		c.fail("must be a list, not %s", kindName(n))
		return
	}
	items, sound := l.zero, true
	for i, node := range n.Content {
		item, err := l.item(node)
		if err != nil {
			c.item(i, node).fail("%s", err)
			sound = false
		}
		items = append(items, item)
	}
	if l.check != nil && sound {
		if err := l.check(items); err != nil {
			c.fail("%s", err)
			return
		}
	}
	*l.to = items
}

func (l list[T]) item(n *yaml.Node) (T, error) {
	var none T
	if n.Kind != yaml.ScalarNode {
		return none, fmt.Errorf("must be a single value, not %s", kindName(n))
	}
	if isNull(n) {
		return none, errors.New("has no value")
	}
	return l.parse(n)
}

func (l list[T]) encode() *yaml.Node {
	if *l.to == nil {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, item := range *l.to {
		n.Content = append(n.Content, l.format(item))
	}
	return n
}

func (l list[T]) reset() { *l.to = nil }

// texts is a list of texts, none of them twice.
func texts(to *[]string, check func(string) error) value {
	parse := func(n *yaml.Node) (string, error) { return n.Value, check(n.Value) }
	return list[string]{to: to, parse: parse, format: textNode, check: checkNoRepeat[string]}
}

func checkNoRepeat[T comparable](items []T) error {
	seen := map[T]int{}
	for i, item := range items {
		if first, ok := seen[item]; ok {
			return fmt.Errorf("must not repeat itself: [%d] is the same as [%d]", i, first)
		}
		seen[item] = i
	}
	return nil
}
