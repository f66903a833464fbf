// Package form reads a YAML file strictly into variables and writes it back.
//
// A schema is a [Section]: keys, each with a [Value] that knows its variable and its allowed content. The package
// itself knows no keys. It reports every mistake of a file at once, with its line and a suggestion. It resolves aliases
// and merge keys, lays items over their defaults, reads the files named by keys, and hides secrets in its output.
package form

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Value reads one key of the file into a variable and writes it back.
type Value interface {
	// Decode sets the variable from n, or reports why it cannot. n is not null.
	Decode(c Cursor, n *yaml.Node)
	// Encode returns the variable as YAML with its secrets hidden, or nil if it is not set.
	Encode() *yaml.Node
	// Reset undoes Decode.
	Reset()
	// Shape returns the shape of the value in the file.
	Shape() Shape
}

// Field is one key of a mapping.
type Field struct {
	Name  string
	Value Value
}

// Key returns the field with this name and value. Schemas consist of fields.
func Key(name string, v Value) Field { return Field{name, v} }

// Section is a mapping of known keys.
type Section []Field

// Required returns v as a value that the mapping itself must have: defaults cannot have it.
func Required(v Value) Value { return requiredValue{v} }

type requiredValue struct{ Value }

// keysOf returns the keys of a mapping of known keys, nil for any other value.
func keysOf(v Value) Section {
	if m, ok := v.(interface{ keys() Section }); ok {
		return m.keys()
	}
	return nil
}

func (s Section) keys() Section { return s }

// Decode implements [Value].
func (s Section) Decode(c Cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.Fail("must be a mapping, not %s", KindName(n))
		return
	}
	present := map[string]Pair{}
	for _, p := range c.Pairs(n) {
		if s.Has(p.Key.Value) {
			present[p.Key.Value] = p
		} else {
			c.Child(p.Key).Fail("%s", c.unknownKey(p.Key, s))
		}
	}
	for _, f := range s {
		p, ok := present[f.Name]
		_, isRequired := f.Value.(requiredValue)
		switch {
		case ok:
			c.Entry(p).read(f.Value, p.Value)
		case isRequired:
			c.Missing(f.Name)
		}
	}
}

// Encode implements [Value].
func (s Section) Encode() *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range s {
		if child := f.Value.Encode(); child != nil {
			n.Content = append(n.Content, PlainNode(f.Name), child)
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

// Reset implements [Value].
func (s Section) Reset() {
	for _, f := range s {
		f.Value.Reset()
	}
}

// Has reports whether the section has the key.
func (s Section) Has(key string) bool {
	return slices.ContainsFunc(s, func(f Field) bool { return f.Name == key })
}

// At returns the value of the key at this dotted path, nil if there is none.
func (s Section) At(path string) Value {
	name, below, isNested := strings.Cut(path, ".")
	for _, f := range s {
		switch {
		case f.Name != name:
		case isNested:
			return keysOf(f.Value).At(below)
		default:
			return f.Value
		}
	}
	return nil
}

func (s Section) names() []string {
	names := make([]string, len(s))
	for i, f := range s {
		names[i] = f.Name
	}
	return names
}

// Paths returns the dotted path of every key of the section, including nested sections.
func (s Section) Paths() []string {
	var paths []string
	for _, f := range s {
		paths = append(paths, f.Name)
		for _, path := range keysOf(f.Value).Paths() {
			paths = append(paths, f.Name+"."+path)
		}
	}
	return paths
}
