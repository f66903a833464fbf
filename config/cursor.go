package config

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// cursor is a place in the file: a key, or an item of a list.
type cursor struct {
	*scope
	path string
	node *yaml.Node
	// value is what stands at a key, where that is known.
	value *yaml.Node
}

// fail spoils the key, and the list that it is in.
func (c cursor) fail(format string, args ...any) {
	list, _, _ := strings.Cut(c.path, "[")
	for _, path := range []string{c.path, list} {
		if m, ok := c.marks[path]; ok {
			m.bad = true
			c.marks[path] = m
		}
	}
	c.add(c.node, c.where, c.path, fmt.Sprintf(format, args...)+c.hint())
}

// child returns the cursor of a key in the mapping that c stands at.
func (c cursor) child(key *yaml.Node) cursor {
	path := pathElement(key.Value)
	if c.path != "" {
		path = c.path + "." + path
	}
	return cursor{scope: c.scope, path: path, node: key}
}

// entry returns the cursor of a key in the mapping that c stands at, with its value.
func (c cursor) entry(p pair) cursor {
	c = c.child(p.key)
	c.value = p.value
	return c
}

// item returns the cursor of an item in the list that c stands at.
func (c cursor) item(i int, n *yaml.Node) cursor {
	return cursor{scope: c.scope, path: fmt.Sprintf("%s[%d]", c.path, i), node: n}
}

// at returns c with its mistakes reported at n.
func (c cursor) at(n *yaml.Node) cursor {
	c.node = n
	return c
}

// read decodes n into v. A blank value is a mistake, for it is as likely to be
// forgotten as meant; null is meant. A section may be blank: its keys may all
// have been commented out.
func (c cursor) read(v value, n *yaml.Node) {
	isBlank, own := n.Value == "", mark{key: c.node, where: c.where}
	switch {
	case !isNull(n):
		c.marks[c.path] = own
		v.decode(c, n)
	case isIndispensable(v):
		c.marks[c.path] = own
		c.fail("has no value")
	case isBlank && keysOf(v) != nil:
	case isBlank:
		c.marks[c.path] = own
		c.fail("has no value; remove the key, or write null for the built-in default")
	case c.isSet(c.path):
		v.reset()
		c.forget(c.path)
	}
}

var simpleKey = regexp.MustCompile(`^[a-zA-Z0-9_.-]{0,64}`)

// pathElement cuts a key of the file where it stops looking like one: in
// `{"Authorization: secret"}` the secret is a part of the key.
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

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}
