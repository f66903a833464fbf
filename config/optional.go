package config

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// optional returns a mapping of known keys that is nil until the file has it.
func optional[T any](to **T, fields func(*T) section) value {
	return optionalValue[T]{to, fields}
}

type optionalValue[T any] struct {
	to     **T
	fields func(*T) section
}

// decode leaves what the defaults point at alone.
func (o optionalValue[T]) decode(c cursor, n *yaml.Node) {
	v := new(T)
	if *o.to != nil {
		*v = **o.to
	}
	o.fields(v).decode(c, n)
	*o.to = v
}

func (o optionalValue[T]) encode() *yaml.Node {
	if *o.to == nil {
		return nil
	}
	return o.fields(*o.to).encode()
}

func (o optionalValue[T]) reset() { *o.to = nil }

func (o optionalValue[T]) keys() section { return o.fields(new(T)) }

// asDefaults returns s as the keys of the defaults of items, which are called so: it has
// all but those that each item must have itself.
func (s section) asDefaults(item string) section {
	s = slices.Clone(s)
	for i, f := range s {
		if _, ok := f.value.(requiredValue); ok {
			s[i].value = noDefault{item}
		}
	}
	return s
}

// noDefault stands for the keys of an item that defaults cannot have.
type noDefault struct{ item string }

func (d noDefault) decode(c cursor, _ *yaml.Node) {
	c.fail("cannot have a default, each %s needs its own", d.item)
}

func (noDefault) encode() *yaml.Node { return nil }

func (noDefault) reset() {}

// needed returns v as a value that its mapping cannot do without. The mapping of an item
// may have it from the defaults.
func needed(v value) value { return neededValue{v} }

type neededValue struct{ value }

func isIndispensable(v value) bool {
	switch v.(type) {
	case requiredValue, neededValue:
		return true
	}
	return false
}

// checkNeeded reports what is missing in those mappings of fields that are set.
func (s *scope) checkNeeded(fields section) { s.checkNeededBelow("", fields) }

func (s *scope) checkNeededBelow(parent string, fields section) {
	for _, f := range fields {
		path := f.name
		if parent != "" {
			path = parent + "." + f.name
		}
		_, isNeeded := f.value.(neededValue)
		switch {
		case isNeeded && !s.isSet(path):
			s.add(s.marks[parent].key, s.marks[parent].where, path, "missing")
		case s.sound(path):
			s.checkNeededBelow(path, keysOf(f.value))
		}
	}
}
