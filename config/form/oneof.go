package form

import "gopkg.in/yaml.v3"

// OneOf returns v as one of several keys for the same thing. If an item uses
// one of them, it overrides the others from the defaults. group holds all of
// them by their paths.
func OneOf(v Value, group []Field) Value { return oneOfValue{v, group} }

type oneOfValue struct {
	Value
	group []Field
}

func (o oneOfValue) keys() Section { return keysOf(o.Value) }

func (o oneOfValue) Decode(c Cursor, n *yaml.Node) {
	for _, other := range o.group {
		m, ok := c.marks[other.Name]
		switch {
		case !ok || other.Name == c.Path:
		case m.part == c.part():
			c.Fail("cannot be combined with %s, which is %s", other.Name, m.place())
			return
		default:
			other.Value.Reset()
			c.Forget(other.Name)
		}
	}
	o.Value.Decode(c, n)
}
