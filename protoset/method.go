package protoset

import (
	"errors"
	"fmt"
	"regexp"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Method is a method of a service. It is safe for concurrent use.
type Method struct {
	desc  protoreflect.MethodDescriptor
	types *dynamicpb.Types
}

// Streams reports whether the method answers with any number of messages instead of one.
func (m *Method) Streams() bool { return m.desc.IsStreamingServer() }

// The patterns begin with the place of the mistake: only the beginning of an error's text is reliable, because a value
// may contain the same words.
var (
	unknownField = regexp.MustCompile(`^\(line [0-9:]+\): unknown field "([a-zA-Z0-9_.]{1,64})"`)
	invalidValue = regexp.MustCompile(`^\(line [0-9:]+\): invalid value for [a-z0-9]+ field ([a-zA-Z0-9_]{1,64}):`)
)

// UnknownFieldError is about a message in JSON with a field unknown to its type.
type UnknownFieldError struct {
	// Type is the name of the message's type, Field the unknown name.
	Type, Field string
}

func (e *UnknownFieldError) Error() string { return fmt.Sprintf("%s has no field %q", e.Type, e.Field) }

// Encode encodes a message for the method from JSON. An error reveals no value, and no key except the field of an
// [UnknownFieldError].
func (m *Method) Encode(text []byte) ([]byte, error) {
	msg := dynamicpb.NewMessage(m.desc.Input())
	err := protojson.UnmarshalOptions{Resolver: m.types}.Unmarshal(text, msg)
	if err != nil {
		return nil, m.explain(plain(err))
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(msg)
}

// explain returns an error without the values in text: they may be secret.
func (m *Method) explain(text string) error {
	name := m.desc.Input().FullName()
	if found := unknownField.FindStringSubmatch(text); found != nil {
		return &UnknownFieldError{Type: string(name), Field: found[1]}
	}
	if found := invalidValue.FindStringSubmatch(text); found != nil {
		return fmt.Errorf("the field %q of %s cannot have that value", found[1], name)
	}
	return fmt.Errorf("is not a %s in JSON", name)
}

// CheckEncoded returns the mistake in an encoded message for the method, nil if there is none.
func (m *Method) CheckEncoded(encoded []byte) error {
	if proto.Unmarshal(encoded, dynamicpb.NewMessage(m.desc.Input())) != nil {
		return fmt.Errorf("is neither JSON nor an encoded %s", m.desc.Input().FullName())
	}
	return nil
}

var errUndecodable = errors.New("the message cannot be decoded as a")

// decode decodes an answer of the method.
func (m *Method) decode(answer []byte) (protoreflect.Message, error) {
	msg := dynamicpb.NewMessage(m.desc.Output())
	if proto.Unmarshal(answer, msg) != nil {
		return nil, fmt.Errorf("%w %s", errUndecodable, m.desc.Output().FullName())
	}
	return msg, nil
}
