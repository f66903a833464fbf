package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

// inlineMessage is the message written in the file itself, as a mapping or as a text in JSON. It is kept in JSON until
// the types of the method are known.
type inlineMessage struct{ grpc *GRPC }

func (m inlineMessage) Decode(c form.Cursor, n *yaml.Node) {
	m.Reset()
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == form.Redaction: // the form in which this program shows it
		return
	case n.Kind == yaml.ScalarNode && (isJSONObject([]byte(n.Value)) || strings.Contains(n.Value, "{{")): // the effect of names is unknown yet
		m.grpc.Inline = c.Files.Inline(n)
		return
	case n.Kind != yaml.MappingNode:
		c.Fail("%s", errNoMessage)
		return
	}
	var text bytes.Buffer
	if writeJSON(&text, c, n) {
		m.grpc.Inline = text.Bytes()
	}
}

func (m inlineMessage) Encode() *yaml.Node {
	if len(m.grpc.Inline) == 0 {
		return nil
	}
	return form.PlainNode(form.Redaction)
}

// Shape implements [form.Value].
func (inlineMessage) Shape() form.Shape { return form.Shape{"type": []any{"object", "string"}} }

func (m inlineMessage) Reset() { m.grpc.Inline = nil }

var errNoMessage = errors.New("must be a mapping, or a text that is a JSON object")

// isJSONObject reports whether content is an object in JSON. No encoded message in use looks like one: it would begin
// with a group of Protocol Buffers.
func isJSONObject(content []byte) bool {
	content = bytes.TrimSpace(content)
	return len(content) > 0 && content[0] == '{' && json.Valid(content)
}

// writeJSON writes the node n at c as JSON. It reports whether there was no mistake.
func writeJSON(to *bytes.Buffer, c form.Cursor, n *yaml.Node) bool {
	switch n.Kind {
	case yaml.MappingNode:
		if isBareName(n) {
			c.Fail("must be in quotes, as in '{{ name }}': YAML reads it as a mapping without them")
			return false
		}
		return writeObject(to, c, n)
	case yaml.SequenceNode:
		to.WriteByte('[')
		ok := true
		for i, item := range n.Content {
			if i > 0 {
				to.WriteByte(',')
			}
			ok = writeJSON(to, c.Item(i, item), item) && ok
		}
		to.WriteByte(']')
		return ok
	}
	text, err := scalarJSON(n)
	if err != nil {
		c.Fail("%s", err)
		return false
	}
	to.WriteString(text)
	return true
}

// isBareName reports whether n is {{ name }} without quotes. To YAML this is a mapping with a mapping as its only key.
func isBareName(n *yaml.Node) bool {
	return len(n.Content) == 2 && n.Content[0].Kind == yaml.MappingNode && len(n.Content[0].Content) == 2 && form.IsNull(n.Content[1])
}

func writeObject(to *bytes.Buffer, c form.Cursor, n *yaml.Node) bool {
	to.WriteByte('{')
	ok := true
	for i, p := range c.Pairs(n) {
		if i > 0 {
			to.WriteByte(',')
		}
		to.WriteString(quoteJSON(p.Key.Value))
		to.WriteByte(':')
		ok = writeJSON(to, c.Entry(p), p.Value) && ok
	}
	to.WriteByte('}')
	return ok
}

// scalarJSON returns a single value as JSON. Numbers keep all their digits.
func scalarJSON(n *yaml.Node) (string, error) {
	switch {
	case form.IsNull(n) && n.Value == "":
		return "", errors.New("has no value; write '' for an empty text, or null")
	case form.IsNull(n):
		return "null", nil
	case n.Tag == "!!bool":
		v, err := form.ParseBool(n)
		return strconv.FormatBool(v), err
	case n.Tag == "!!int":
		// By way of a float64, numbers above 2^53 would lose digits.
		if v, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return strconv.FormatInt(v, 10), nil
		}
		v, err := strconv.ParseUint(n.Value, 0, 64)
		if err != nil {
			return "", errors.New("is a number of more than 64 bits")
		}
		return strconv.FormatUint(v, 10), nil
	case n.Tag == "!!float":
		var v float64
		if err := n.Decode(&v); err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return "", errors.New(`must be a number, or one of the texts "NaN", "Infinity" and "-Infinity"`)
		}
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	}
	return quoteJSON(n.Value), nil
}

func quoteJSON(s string) string {
	text, err := json.Marshal(s)
	if err != nil { // impossible for a text
		return `""`
	}
	return string(text)
}
