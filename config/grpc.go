package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/protoset"
	"example.com/prober/template"
)

// grpcKeys have a meaning only for gRPC servers.
func grpcKeys() []string { return []string{"grpc", "expect.grpc_status", "expect.message"} }

// checkService accepts the name of a service with its package.
func checkService(s string) error {
	if !protoreflect.FullName(s).IsValid() {
		return errors.New("must be the name of a service with its package, such as shop.v1.Orders")
	}
	return nil
}

func checkRPCMethod(s string) error {
	if !protoreflect.Name(s).IsValid() {
		return errors.New("must be the name of a method alone, such as Check")
	}
	return nil
}

func checkDescriptors(content []byte) error {
	_, err := protoset.Parse(content)
	return err
}

// metadata are header fields of a call.
func metadata(to *[]Header) form.Value {
	return form.ByName[Header]{
		To:        to,
		Name:      func(h Header) string { return h.Name },
		CheckName: checkMetadataName,
		What:      "name",
		Hint:      "one name can have a list of values",
		Parse: func(c form.Cursor, name string, n *yaml.Node) (Header, bool) {
			values := c.Values(n, func(n *yaml.Node) error { return checkMetadataValue(name, n) })
			return Header{strings.ToLower(name), values}, len(values) > 0
		},
		Format:  func(h Header) *yaml.Node { return form.RedactedList(len(h.Values)) },
		Written: form.TextOrTexts,
	}
}

// checkMetadataName accepts a name in lower case. Names that begin with grpc- are reserved for gRPC itself.
func checkMetadataName(name string) error {
	switch {
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != "" || name == "":
		return errors.New("a name is letters, digits, dots and any of _-")
	case strings.HasPrefix(name, "grpc-"), name == "content-type", name == "te":
		return errors.New("is set by the prober")
	}
	return checkHeaderName(name)
}

// isBinary reports whether metadata of this name have binary values.
func isBinary(name string) bool { return strings.HasSuffix(strings.ToLower(name), "-bin") }

// MetadataPlace returns how values are put into metadata. Values of names that end in -bin are encoded in base64
// afterwards.
func MetadataPlace(name string) template.Place {
	if isBinary(name) {
		return template.Text
	}
	return template.Header
}

// checkMetadataValue requires base64 if the name says that the value is binary. It skips anything that may be a
// template: checkInline looks at it later.
func checkMetadataValue(name string, n *yaml.Node) error {
	if isBinary(name) && n.Value != form.Redaction && !strings.Contains(n.Value, "{{") && !isBase64(n.Value) {
		return errNoBase64
	}
	return checkHeaderValue(n)
}

var errNoBase64 = errors.New("must be base64, because the name ends in -bin")

func isBase64(value string) bool {
	_, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	return err == nil
}

func grpcStatuses(to *[]option.GRPCStatus) form.Value {
	parse := func(n *yaml.Node) (option.GRPCStatus, error) {
		status, ok := option.ParseGRPCStatus(strings.ToUpper(n.Value))
		if !ok {
			return 0, errors.New("must be a status of gRPC such as NOT_FOUND, or its number from 0 to 16")
		}
		return status, nil
	}
	format := func(s option.GRPCStatus) *yaml.Node { return form.PlainNode(s.String()) }
	return form.List[option.GRPCStatus]{To: to, Parse: parse, Format: format, Check: form.CheckNoRepeat[option.GRPCStatus], Written: statusOfGRPCShape}
}

// statusOfGRPCShape offers the names. It also accepts the numbers, and names in lower case.
func statusOfGRPCShape() form.Shape {
	var names []string
	for status := range option.GRPCStatus(17) {
		names = append(names, status.String())
	}
	return form.Shape{"anyOf": []any{form.OneWord(names), form.Shape{"type": "integer", "minimum": 0, "maximum": 16}, form.Shape{"pattern": "^[a-zA-Z0-9_]+$", "type": "string"}}}
}

// checkGRPC finds the method and encodes its message.
func (s checks) checkGRPC(t *Target) {
	const service, method, descriptors = "grpc.service", "grpc.method", "grpc.descriptor_file"
	if t.Kind() != KindGRPC || len(t.Items()) > 0 {
		return // each item is checked, with the settings it has from the target
	}
	s.checkInline(t)
	for _, key := range []string{service, method, descriptors} {
		if s.IsSet(key) && !s.Sound(key) {
			return
		}
	}
	if s.IsSet(service) && !s.IsSet(method) && t.GRPC.Service != protoset.HealthService {
		s.Conflict("needs grpc.method too", service)
		return
	}
	g := t.GRPC
	fill(&g.Service, protoset.HealthService)
	fill(&g.Method, protoset.HealthCheck)
	found, err := s.findMethod(&g)
	switch {
	case err == nil && g.Reflection:
		s.Conflict("is not needed: the prober knows the types of the health service", "grpc.reflection")
	case err == nil:
		s.encodeMessage(t, found)
		s.checkExpectedMessage(t, found)
	case errors.Is(err, protoset.ErrNoMethod):
		s.Conflict(err.Error(), method, service, descriptors)
	case g.Reflection:
	case s.IsSet(descriptors):
		s.Conflict(err.Error(), service, descriptors)
	default:
		s.demandDescriptors(t)
	}
}

// findMethod finds the method in the descriptors. The descriptors are valid.
func (s checks) findMethod(g *GRPC) (*protoset.Method, error) {
	set, err := protoset.Parse(g.Descriptors)
	if err != nil {
		return nil, err
	}
	return set.Method(g.Service, g.Method)
}

// demandDescriptors handles a method without a description. Its message can only be sent as it is, and nothing can be
// expected of its answer.
func (s checks) demandDescriptors(t *Target) {
	const needs = "needs grpc.descriptor_file or grpc.reflection, for the types of the method"
	if len(t.GRPC.Inline) > 0 {
		s.Conflict(needs, messageKey)
	}
	if s.Sound("grpc.message_file") && isJSONObject(t.GRPC.Message) {
		s.Conflict("is JSON, so it "+needs, "grpc.message_file")
	}
	if s.Sound("expect.message") && len(t.Expect.Message) > 0 {
		s.Conflict(needs, "expect.message")
	}
}

// JSON returns the message of a method with unknown types: as JSON or, if it is not JSON, as it is sent.
func (g *GRPC) JSON() (text, encoded []byte) {
	switch {
	case len(g.Inline) > 0:
		return g.Inline, nil
	case isJSONObject(g.Message):
		return g.Message, nil
	}
	return nil, g.Message
}

// encodeMessage encodes a message in JSON for sending.
func (s checks) encodeMessage(t *Target, m *protoset.Method) {
	const inline, file = messageKey, "grpc.message_file"
	g := &t.GRPC
	switch {
	case len(g.Inline) > 0 && s.Sound(inline):
		if text := s.fixedMessage(t); isJSONObject(text) && !s.varies(t, g.Text()) {
			g.Message = s.encode(m, text, inline)
		}
	case !s.Sound(file) || len(g.Message) == 0:
	case isJSONObject(g.Message):
		g.Message = s.encode(m, g.Message, file)
	default:
		if err := m.CheckEncoded(g.Message); err != nil {
			s.Conflict(err.Error(), file)
		}
	}
}

func (s checks) encode(m *protoset.Method, text []byte, key string) []byte {
	encoded, err := m.Encode(text)
	if err != nil {
		s.Conflict(err.Error(), key)
	}
	return encoded
}

func (s checks) checkExpectedMessage(t *Target, m *protoset.Method) {
	const key = "expect.message"
	if !s.Sound(key) || len(t.Expect.Message) == 0 {
		return
	}
	if _, err := m.Expect(t.Expect.Message); err != nil {
		s.Conflict(fmt.Sprintf("has a place that the answer cannot have: %s", err), key, "grpc.method", "grpc.service")
	}
}
