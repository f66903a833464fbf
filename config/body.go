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
