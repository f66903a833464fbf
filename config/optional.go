package config

import "gopkg.in/yaml.v3"

// optional is a mapping of known keys that is nil until the file has it.
type optional[T any] struct {
	to     **T
	fields func(*T) section
}

// decode leaves what the defaults point at alone.
func (o optional[T]) decode(c cursor, n *yaml.Node) {
	v := clonePointer(*o.to)
	if v == nil {
		v = new(T)
	}
	o.fields(v).decode(c, n)
	*o.to = v
}

func (o optional[T]) encode() *yaml.Node {
	if *o.to == nil {
		return nil
	}
	return o.fields(*o.to).encode()
}

func (o optional[T]) reset() { *o.to = nil }

func (o optional[T]) keys() section { return o.fields(new(T)) }

// needed is a value that its mapping cannot do without. The mapping of a target
// may have it from the defaults.
type needed struct{ value }

func isIndispensable(v value) bool {
	switch v.(type) {
	case required, needed:
		return true
	}
	return false
}

// checkNeeded reports what is missing in those mappings that the target has.
func (s *scope) checkNeeded(fields section, parent string) {
	for _, f := range fields {
		path := f.key
		if parent != "" {
			path = parent + "." + f.key
		}
		_, isNeeded := f.value.(needed)
		switch {
		case isNeeded && !s.isSet(path):
			s.add(s.marks[parent].key, s.marks[parent].where, path, "missing")
		case s.sound(path):
			s.checkNeeded(keysOf(f.value), path)
		}
	}
}
