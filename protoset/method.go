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

// Streams reports whether the method answers with any number of messages, and not with one.
func (m *Method) Streams() bool { return m.desc.IsStreamingServer() }

// What stands behind the place of a mistake, which the text of an error begins with. A value
// may hold the same words.
var (
	unknownField = regexp.MustCompile(`^\(line [0-9:]+\): unknown field "([a-zA-Z0-9_.]{1,64})"`)
	invalidValue = regexp.MustCompile(`^\(line [0-9:]+\): invalid value for [a-z0-9]+ field ([a-zA-Z0-9_]{1,64}):`)
)

// UnknownFieldError is about a message in JSON with a field that its type does not have.
type UnknownFieldError struct {
	// Type is the name of that of the message, Field what stands for the name of the field.
	Type, Field string
}

func (e *UnknownFieldError) Error() string { return fmt.Sprintf("%s has no field %q", e.Type, e.Field) }

// Encode returns the message that the method takes as it is sent, made of JSON. An error
// tells no value, and no key but that of an [UnknownFieldError].
func (m *Method) Encode(text []byte) ([]byte, error) {
	msg := dynamicpb.NewMessage(m.desc.Input())
	err := protojson.UnmarshalOptions{Resolver: m.types}.Unmarshal(text, msg)
	if err != nil {
		return nil, m.explain(plain(err))
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(msg)
}

// explain takes out of the text of an error what may be secret: the values.
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

// CheckEncoded reports what is wrong with a message that the method is to take, as it is
// sent; nil if nothing is.
func (m *Method) CheckEncoded(encoded []byte) error {
	if proto.Unmarshal(encoded, dynamicpb.NewMessage(m.desc.Input())) != nil {
		return fmt.Errorf("is neither JSON nor an encoded %s", m.desc.Input().FullName())
	}
	return nil
}

var errUndecodable = errors.New("the message cannot be decoded as a")

// decode returns the message that the method has answered with.
func (m *Method) decode(answer []byte) (protoreflect.Message, error) {
	msg := dynamicpb.NewMessage(m.desc.Output())
	if proto.Unmarshal(answer, msg) != nil {
		return nil, fmt.Errorf("%w %s", errUndecodable, m.desc.Output().FullName())
	}
	return msg, nil
}
