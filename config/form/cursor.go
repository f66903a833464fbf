package form

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Cursor is a place in the file: a key, or an item of a list.
type Cursor struct {
	*Scope
	// Path is dotted, with the index of an item in brackets: expect.status[1].
	Path string
	// Node is the key or the item. Mistakes are reported at it.
	Node *yaml.Node
	// value is the value of the key, if known.
	value *yaml.Node
}

// Fail reports a mistake at the cursor. It marks the key, and a list around it, as bad.
func (c Cursor) Fail(format string, args ...any) {
	list, _, _ := strings.Cut(c.Path, "[")
	for _, path := range []string{c.Path, list} {
		if m, ok := c.marks[path]; ok {
			m.bad = true
			c.marks[path] = m
		}
	}
	c.add(c.Node, c.Where, c.shown(c.Where, c.Path), fmt.Sprintf(format, args...)+c.hint())
}

// Here returns the place of the cursor, for reporting a mistake later.
func (c Cursor) Here() Spot { return Spot{part: c.part(), path: c.Path, key: c.Node} }

// Missing reports that the mapping at c lacks a key.
func (c Cursor) Missing(key string) { c.Child(PlainNode(key)).at(c.Node).Fail("missing") }

// Child returns the cursor of a key in the mapping at c.
func (c Cursor) Child(key *yaml.Node) Cursor {
	path := c.pathOf(key.Value)
	if c.Path != "" {
		path = c.Path + "." + pathElement(key.Value)
	}
	return Cursor{Scope: c.Scope, Path: path, Node: key}
}

// Entry returns the cursor of a key in the mapping at c, with its value.
func (c Cursor) Entry(p Pair) Cursor {
	c = c.Child(p.Key)
	c.value = p.Value
	return c
}

// Item returns the cursor of an item in the list at c.
func (c Cursor) Item(i int, n *yaml.Node) Cursor {
	return Cursor{Scope: c.Scope, Path: fmt.Sprintf("%s[%d]", c.Path, i), Node: n}
}

// at returns c with its mistakes reported at n.
func (c Cursor) at(n *yaml.Node) Cursor {
	c.Node = n
	return c
}

// read decodes n into v. A blank value is a mistake, because the user may have forgotten it; null is on purpose. A
// section may be blank: its keys may all be commented out.
func (c Cursor) read(v Value, n *yaml.Node) {
	isBlank, own := n.Value == "", mark{key: c.Node, part: c.part()}
	switch {
	case !IsNull(n):
		c.marks[c.Path] = own
		v.Decode(c, n)
	case isIndispensable(v):
		c.marks[c.Path] = own
		c.Fail("has no value")
	case isBlank && keysOf(v) != nil:
	case isBlank:
		c.marks[c.Path] = own
		c.Fail("has no value; remove the key, or write null for the built-in default")
	case c.IsSet(c.Path):
		v.Reset()
		c.Forget(c.Path)
	}
}

var simpleKey = regexp.MustCompile(`^[a-zA-Z0-9_.-]{0,64}`)

// pathElement cuts a key of the file where it stops looking like a key: in `{"Authorization: secret"}` the secret is a
// part of the key.
func pathElement(key string) string {
	simple := simpleKey.FindString(key)
	switch {
	case key == "":
		return `""`
	case simple == key, key == "<<":
		return key
	}
	return simple + "..."
}

// IsNull reports whether n is null, written out or left blank.
func IsNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// KindName returns the kind of n in words, as in "must be a text, not a list".
func KindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}
