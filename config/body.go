package config

import "gopkg.in/yaml.v3"

// inlineBody is the body that stands in the file itself.
type inlineBody struct{ request *Request }

func (b inlineBody) decode(c cursor, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		c.fail("must be a text, not %s; quote JSON", kindName(n))
		return
	}
	b.reset()
	if n.Value != "" {
		b.request.Body = c.files.inline(n)
	}
}

func (b inlineBody) encode() *yaml.Node {
	if len(b.request.Body) == 0 || b.request.BodyFile != "" {
		return nil
	}
	return plainNode(redaction)
}

func (b inlineBody) reset() { b.request.Body = nil }

// oneOf is one of several keys that say the same thing in different ways. A
// target that uses one takes back what the defaults said by another.
type oneOf struct {
	value
	// group holds all of them by their paths within the target.
	group []field
}

func (o oneOf) keys() section { return keysOf(o.value) }

func (o oneOf) decode(c cursor, n *yaml.Node) {
	for _, other := range o.group {
		m, ok := c.marks[other.key]
		switch {
		case !ok || other.key == c.path:
		case m.where == c.where:
			c.fail("cannot stand beside %s, which is %s", other.key, m.place())
			return
		default:
			other.value.reset()
			c.forget(other.key)
		}
	}
	o.value.decode(c, n)
}
