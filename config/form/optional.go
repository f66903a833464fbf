package form

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// Optional returns the value for a mapping of known keys. Its variable is nil until the file has the mapping.
func Optional[T any](to **T, fields func(*T) Section) Value {
	return optionalValue[T]{to, fields}
}

type optionalValue[T any] struct {
	to     **T
	fields func(*T) Section
}

// Decode changes a copy: the defaults may share the original.
func (o optionalValue[T]) Decode(c Cursor, n *yaml.Node) {
	v := new(T)
	if *o.to != nil {
		*v = **o.to
	}
	o.fields(v).Decode(c, n)
	*o.to = v
}

func (o optionalValue[T]) Encode() *yaml.Node {
	if *o.to == nil {
		return nil
	}
	return o.fields(*o.to).Encode()
}

func (o optionalValue[T]) Reset() { *o.to = nil }

func (o optionalValue[T]) keys() Section { return o.fields(new(T)) }

// AsDefaults returns s as the keys of the defaults of items. item is the word for such an item. Keys that each item
// must have itself are refused.
func (s Section) AsDefaults(item string) Section {
	s = slices.Clone(s)
	for i, f := range s {
		switch f.Value.(type) {
		case requiredValue, ownValue:
			s[i].Value = noDefault{item}
		}
	}
	return s
}

// Own returns v as a value that defaults cannot have.
func Own(v Value) Value { return ownValue{v} }

type ownValue struct{ Value }

func (o ownValue) keys() Section { return keysOf(o.Value) }

// noDefault replaces the keys of an item that defaults cannot have.
type noDefault struct{ item string }

func (d noDefault) Decode(c Cursor, _ *yaml.Node) {
	c.Fail("cannot have a default, each %s needs its own", d.item)
}

func (noDefault) Encode() *yaml.Node { return nil }

func (noDefault) Reset() {}

// Needed returns v as a value without which its mapping is wrong. An item may inherit it from the defaults.
func Needed(v Value) Value { return neededValue{v} }

type neededValue struct{ Value }

func isIndispensable(v Value) bool {
	switch v.(type) {
	case requiredValue, neededValue:
		return true
	}
	return false
}

// CheckNeeded reports missing keys in the mappings of fields that are set.
func (s *Scope) CheckNeeded(fields Section) { s.checkNeededBelow("", fields) }

func (s *Scope) checkNeededBelow(parent string, fields Section) {
	for _, f := range fields {
		path := f.Name
		if parent != "" {
			path = parent + "." + f.Name
		}
		_, isNeeded := f.Value.(neededValue)
		switch {
		case isNeeded && !s.IsSet(path):
			above := s.marks[parent]
			s.addTo(above.part, above.key, s.shown(above.where, path), "missing")
		case s.Sound(path):
			s.checkNeededBelow(path, keysOf(f.Value))
		}
	}
}
