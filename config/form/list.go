package form

import (
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"
)

// List is a key with a list of single values. An item's list replaces the whole list of the defaults.
type List[T any] struct {
	// To is the variable for the key.
	To *[]T
	// Parse reads one value, Format returns it as YAML.
	Parse  func(n *yaml.Node) (T, error)
	Format func(T) *yaml.Node
	// Check checks the list as a whole; it may be nil.
	Check func([]T) error
	// Zero is the value for an empty list in the file.
	Zero []T
	// Written returns the shape of an item. Whole returns more keywords for the list; it may be nil.
	Written, Whole func() Shape
}

// Decode implements [Value].
func (l List[T]) Decode(c Cursor, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		c.Fail("must be a list, not %s", KindName(n))
		return
	}
	items, sound := l.Zero, true
	for i, node := range n.Content {
		item, err := l.item(node)
		if err != nil {
			c.Item(i, node).Fail("%s", err)
			sound = false
		}
		items = append(items, item)
	}
	if l.Check != nil && sound {
		if err := l.Check(items); err != nil {
			c.Fail("%s", err)
			return
		}
	}
	*l.To = items
}

func (l List[T]) item(n *yaml.Node) (T, error) {
	var none T
	if n.Kind != yaml.ScalarNode {
		return none, fmt.Errorf("must be a single value, not %s", KindName(n))
	}
	if IsNull(n) {
		return none, errors.New("has no value")
	}
	return l.Parse(n)
}

// Encode implements [Value].
func (l List[T]) Encode() *yaml.Node {
	if *l.To == nil {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, item := range *l.To {
		n.Content = append(n.Content, l.Format(item))
	}
	return n
}

// Reset implements [Value].
func (l List[T]) Reset() { *l.To = nil }

// Texts returns the value for a list of texts, each at most once.
func Texts(to *[]string, check func(string) error) Value {
	parse := func(n *yaml.Node) (string, error) { return n.Value, check(n.Value) }
	return List[string]{To: to, Parse: parse, Format: TextNode, Check: CheckNoRepeat[string], Written: AnyText, Whole: func() Shape { return Shape{"uniqueItems": true} }}
}

// CheckNoRepeat returns an error if an item occurs twice.
func CheckNoRepeat[T comparable](items []T) error {
	seen := map[T]int{}
	for i, item := range items {
		if first, ok := seen[item]; ok {
			return fmt.Errorf("must not repeat itself: [%d] is the same as [%d]", i, first)
		}
		seen[item] = i
	}
	return nil
}
