package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// value is how one key of the file is read into a variable and written back.
type value interface {
	// decode sets the variable from n, which is not null, or reports why it cannot.
	decode(c cursor, n *yaml.Node)
	// encode returns the variable as YAML with its secrets hidden, or nil when it is not set.
	encode() *yaml.Node
	// reset takes back what decode has set.
	reset()
}

// field is one key of a mapping; schema.go is made of them.
type field struct {
	key   string
	value value
}

// section is a mapping whose keys are known.
type section []field

// required is a value that each target must have itself.
type required struct{ value }

// keysOf returns the keys of a value that is a mapping of known keys, and nil of
// any other.
func keysOf(v value) section {
	if m, ok := v.(interface{ keys() section }); ok {
		return m.keys()
	}
	return nil
}

func (s section) keys() section { return s }

// scope is the part of the file that mistakes are attributed to: the file as a
// whole, its defaults, or one target.
type scope struct {
	*report
	files *fileStore
	where string
	// marks tells by dotted path where each key was set. Those of a target
	// begin as a copy of the marks of the defaults.
	marks map[string]mark
}

type mark struct {
	key   *yaml.Node
	where string
	// bad is set once a mistake was reported at the key.
	bad bool
}

// place says where the key is: "in line 12".
func (m mark) place() string {
	if m.where == commandLine {
		return "a flag too"
	}
	return fmt.Sprintf("in line %d", m.key.Line)
}

func (s *scope) isSet(path string) bool {
	_, ok := s.marks[path]
	return ok
}

// forget makes path and all below it unset.
func (s *scope) forget(path string) {
	maps.DeleteFunc(s.marks, func(set string, _ mark) bool {
		return set == path || strings.HasPrefix(set, path+".") || strings.HasPrefix(set, path+"[")
	})
}

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

func (s section) decode(c cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.fail("must be a mapping, not %s", kindName(n))
		return
	}
	present := map[string]pair{}
	for _, p := range c.pairs(n) {
		if s.has(p.key.Value) {
			present[p.key.Value] = p
		} else {
			c.child(p.key).fail("%s", c.unknownKey(p.key, s))
		}
	}
	for _, f := range s {
		p, ok := present[f.key]
		_, isRequired := f.value.(required)
		switch {
		case ok:
			c.entry(p).read(f.value, p.value)
		case isRequired:
			c.child(plainNode(f.key)).at(c.node).fail("missing")
		}
	}
}

func (s section) encode() *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range s {
		if child := f.value.encode(); child != nil {
			n.Content = append(n.Content, plainNode(f.key), child)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func (s section) reset() {
	for _, f := range s {
		f.value.reset()
	}
}

func (s section) has(key string) bool {
	return slices.ContainsFunc(s, func(f field) bool { return f.key == key })
}

// paths returns the dotted path of every key of the section, those of nested
// sections included.
func (s section) paths() []string {
	var paths []string
	for _, f := range s {
		paths = append(paths, f.key)
		for _, path := range keysOf(f.value).paths() {
			paths = append(paths, f.key+"."+path)
		}
	}
	return paths
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
