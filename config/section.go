package config

import (
	"slices"

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

// field is one key of a mapping.
type field struct {
	name  string
	value value
}

// key returns the field with that name and value: schemas are made of them.
func key(name string, v value) field { return field{name, v} }

// section is a mapping whose keys are known.
type section []field

// required returns v as a value that must stand in the mapping itself: defaults cannot
// have it.
func required(v value) value { return requiredValue{v} }

type requiredValue struct{ value }

// keysOf returns the keys of a value that is a mapping of known keys, and nil of
// any other.
func keysOf(v value) section {
	if m, ok := v.(interface{ keys() section }); ok {
		return m.keys()
	}
	return nil
}

func (s section) keys() section { return s }

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
		p, ok := present[f.name]
		_, isRequired := f.value.(requiredValue)
		switch {
		case ok:
			c.entry(p).read(f.value, p.value)
		case isRequired:
			c.child(plainNode(f.name)).at(c.node).fail("missing")
		}
	}
}

func (s section) encode() *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range s {
		if child := f.value.encode(); child != nil {
			n.Content = append(n.Content, plainNode(f.name), child)
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
	return slices.ContainsFunc(s, func(f field) bool { return f.name == key })
}

func (s section) names() []string {
	names := make([]string, len(s))
	for i, f := range s {
		names[i] = f.name
	}
	return names
}

// paths returns the dotted path of every key of the section, those of nested
// sections included.
func (s section) paths() []string {
	var paths []string
	for _, f := range s {
		paths = append(paths, f.name)
		for _, path := range keysOf(f.value).paths() {
			paths = append(paths, f.name+"."+path)
		}
	}
	return paths
}
