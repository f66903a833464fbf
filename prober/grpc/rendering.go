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

// maxRendered bounds the metadata that are put together for one call, in bytes.
const maxRendered = 64 << 10

// notRendered is what every failure to put a call together begins with.
const notRendered = "the call cannot be put together"

var errRendered = errcode.New(errcode.Template, notRendered+": its metadata are above 64 KiB")

// VaryingField is a field whose value is put together for each call.
type VaryingField struct {
	Name string
	// Value is for [template.Header]. Where the name ends in -bin it is for [template.Text],
	// and encoded in base64 when it has been put together.
	Value *template.Template
}

// isBinary reports whether the value of the field is sent in base64.
func (f *VaryingField) isBinary() bool { return strings.HasSuffix(strings.ToLower(f.Name), "-bin") }

// rendering says what has to be put together for each call.
type rendering struct {
	fields  []VaryingField
	message *template.Template // nil where it is fixed
	method  *protoset.Method   // which takes the message
}

// newRendering returns nil where nothing is to be put together.
func newRendering(cfg *Config, method *protoset.Method) *rendering {
	if len(cfg.VaryingMetadata) == 0 && cfg.VaryingMessage == nil {
		return nil
	}
	return &rendering{fields: cfg.VaryingMetadata, message: cfg.VaryingMessage, method: method}
}

// names returns the numbers of the names that are put in.
func (p *rendering) names() (numbers []int) {
	for _, f := range p.fields {
		numbers = append(numbers, f.Value.Names()...)
	}
	if p.message != nil {
		numbers = append(numbers, p.message.Names()...)
	}
	return numbers
}

// rendered is what was put together for one call. Nothing of it is changed afterwards: the
// connection may still have it when the call has been given up.
type rendered struct {
	rendering *rendering // nil where nothing was to be put together
	values    *template.Values
	fields    []byte // encoded
	texts     []string
	encoded   []byte // the message with its prefix
}

// render puts together what varies in the call of r. The error says why that cannot be, and
// never has a value.
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
	case strings.Trim(text, " \t") != text: // which would be lost on the way (RFC 9110, section 5.5)
		return errcode.New(errcode.Template, fmt.Sprintf("%s: the value of %s would begin or end with a blank", notRendered, name))
	}
	d.texts = append(d.texts, text)
	first := byte(0)
	if message.IsSecret(name) {
		first = 0x10 // which no intermediary may put into a table (RFC 7541, section 6.2.3)
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

// said returns what was put together for the call, and the values in it. It returns false
// where that is too much to look for.
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

// framedMessage returns an encoded message as it is sent.
func framedMessage(encoded []byte) []byte {
	framed := make([]byte, prefixSize, prefixSize+len(encoded))
	binary.BigEndian.PutUint32(framed[1:], uint32(len(encoded)))
	return append(framed, encoded...)
}
