package config

import (
	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

// inlineBody is the body written in the file itself.
type inlineBody struct{ request *Request }

func (b inlineBody) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		c.Fail("must be a text, not %s; quote JSON", form.KindName(n))
		return
	}
	b.Reset()
	if n.Value != "" {
		b.request.Body = c.Files.Inline(n)
	}
}

func (b inlineBody) Encode() *yaml.Node {
	if len(b.request.Body) == 0 || b.request.BodyFile != "" {
		return nil
	}
	return form.PlainNode(form.Redaction)
}

// Shape implements [form.Value].
func (inlineBody) Shape() form.Shape { return form.AnyText() }

func (b inlineBody) Reset() { b.request.Body = nil }
