package config

import "gopkg.in/yaml.v3"

// oneOf returns v as one of several keys that say the same thing in different ways. An
// item that uses one takes back what the defaults said by another. The group holds all
// of them by their paths.
func oneOf(v value, group []field) value { return oneOfValue{v, group} }

type oneOfValue struct {
	value
	group []field
}

func (o oneOfValue) keys() section { return keysOf(o.value) }

func (o oneOfValue) decode(c cursor, n *yaml.Node) {
	for _, other := range o.group {
		m, ok := c.marks[other.name]
		switch {
		case !ok || other.name == c.path:
		case m.where == c.where:
			c.fail("cannot stand beside %s, which is %s", other.name, m.place())
			return
		default:
			other.value.reset()
			c.forget(other.name)
		}
	}
	o.value.decode(c, n)
}
