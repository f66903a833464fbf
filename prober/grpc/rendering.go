package grpc

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/prober/hpack"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/protoset"
	"example.com/prober/template"
)

// maxRendered bounds the rendered metadata of one call, in bytes. Values may come from
// answers, so their length is the peer's choice.
const maxRendered = 64 << 10

// notRendered begins the text of every failure to put a call together.
const notRendered = "the call cannot be put together"

var errRendered = errcode.New(errcode.Template, notRendered+": its metadata are above 64 KiB")

// VaryingField is a field with a value that is rendered for each call.
type VaryingField struct {
	Name string
	// Value is for [template.Header]. If the name ends in -bin, Value is for [template.Text],
	// and the rendered value is encoded in base64.
	Value *template.Template
}

// isBinary reports whether the value of the field is sent in base64.
func (f *VaryingField) isBinary() bool { return strings.HasSuffix(strings.ToLower(f.Name), "-bin") }

// rendering has the parts to put together for each call.
type rendering struct {
	fields  []VaryingField
	message *template.Template // nil if the message is fixed
	method  *protoset.Method   // the method of the message
}

// newRendering returns nil if nothing varies.
func newRendering(cfg *Config, method *protoset.Method) *rendering {
	if len(cfg.VaryingMetadata) == 0 && cfg.VaryingMessage == nil {
		return nil
	}
	return &rendering{fields: cfg.VaryingMetadata, message: cfg.VaryingMessage, method: method}
}

// names returns the numbers of the names in the templates.
func (p *rendering) names() (numbers []int) {
	for _, f := range p.fields {
		numbers = append(numbers, f.Value.Names()...)
	}
	if p.message != nil {
		numbers = append(numbers, p.message.Names()...)
	}
	return numbers
}

// rendered has the rendered parts of one call. They never change afterwards: the connection
// may still use them after the call was given up.
type rendered struct {
	rendering *rendering // nil if nothing was rendered
	values    *template.Values
	fields    []byte // encoded
	texts     []string
	encoded   []byte // the message with its prefix
}

// render puts together the varying parts of the call of r. Its error never contains a
// value.
func (s *scratch) render(r *probe.Result, p *rendering) error {
	if p == nil {
		return nil
	}
	s.rendered = rendered{rendering: p, values: &r.Values}
	for i := range p.fields {
		if err := s.renderField(&p.fields[i]); err != nil {
			return err
		}
	}
	s.answer.metadata = s.fields
	if p.message == nil {
		return nil
	}
	return s.renderMessage()
}

func (d *rendered) renderField(f *VaryingField) error {
	value, err := f.Value.Append(nil, d.values)
	if err != nil {
		return errcode.Wrap(errcode.Template, notRendered, err)
	}
	text, name := string(value), strings.ToLower(f.Name)
	switch {
	case f.isBinary():
		d.texts = append(d.texts, text)
		text = base64.RawStdEncoding.EncodeToString(value)
	case strings.Trim(text, " \t") != text: // blanks would be lost on the way (RFC 9110, section 5.5)
		return errcode.New(errcode.Template, fmt.Sprintf("%s: the value of %s would begin or end with a blank", notRendered, name))
	}
	d.texts = append(d.texts, text)
	first := byte(0)
	if message.IsSecret(name) {
		first = 0x10 // intermediaries must not put it into a table (RFC 7541, section 6.2.3)
	}
	d.fields = hpack.AppendString(append(d.fields, first), name)
	d.fields = hpack.AppendString(d.fields, text)
	if len(d.fields) > maxRendered {
		return errRendered
	}
	return nil
}

func (s *scratch) renderMessage() error {
	p := s.rendering
	encoded, err := p.method.EncodeRendered(p.message, s.values)
	if err != nil {
		return errcode.Wrap(errcode.Template, notRendered, err)
	}
	s.encoded = framedMessage(encoded)
	content := message.NewContent(s.encoded, 0)
	s.exchange.Content = &content
	return nil
}

// said returns the rendered texts of the call, and the values in them. It returns false if
// they are too much to search for.
func (d *rendered) said() (all []string, ok bool) {
	if d.rendering == nil {
		return nil, true
	}
	all = append(all, d.texts...)
	if len(d.encoded) > prefixSize {
		all = append(all, string(d.encoded[prefixSize:]))
	}
	for _, n := range d.rendering.names() {
		if value, ok := d.values.Value(n); ok {
			all = append(all, string(value))
		}
	}
	size := 0
	for _, text := range all {
		size += len(text)
	}
	return all, size <= maxSaid
}

// framedMessage returns an encoded message with its prefix.
func framedMessage(encoded []byte) []byte {
	framed := make([]byte, prefixSize, prefixSize+len(encoded))
	binary.BigEndian.PutUint32(framed[1:], uint32(len(encoded)))
	return append(framed, encoded...)
}
