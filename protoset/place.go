package protoset

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Expectation is the expected content of a method's answers.
type Expectation struct {
	method *Method
	places []place
}

// place is the place of a value, and the expected value.
type place struct {
	name string
	path []string
	want any // a string, float64, bool or nil
}

// ValueError is about a value other than the expected one. Found is the actual value, as in JSON.
type ValueError struct {
	Place, Found string
	// Absent is set if there is no value.
	Absent bool
}

func (f *ValueError) Error() string {
	if f.Absent {
		return fmt.Sprintf("the message has nothing at %q of expect.message", f.Place)
	}
	return fmt.Sprintf("the value of the message at %q is not that of expect.message, but", f.Place)
}

// Expect compiles the expected values at places of an answer. A place consists of the names of fields, the indexes of
// lists and the keys of maps on the way there, with dots between them. A value is a string, float64, bool, or nil for
// nothing.
func (m *Method) Expect(values map[string]any) (*Expectation, error) {
	x := &Expectation{method: m}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p := place{name: name, path: strings.Split(name, "."), want: values[name]}
		if err := m.checkPath(p.path); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		x.places = append(x.places, p)
	}
	return x, nil
}

// checkPath checks a path against the type of the answer.
func (m *Method) checkPath(path []string) error {
	in := m.desc.Output()
	for i := 0; i < len(path); i++ {
		if in == nil {
			return fmt.Errorf("there is no %q: the key before it has a single value", path[i])
		}
		f := fieldOf(in, path[i])
		if f == nil {
			return fmt.Errorf("%s has no field %q", in.FullName(), path[i])
		}
		in = f.Message()
		if (f.IsList() || f.IsMap()) && i+1 < len(path) {
			i++ // the index or the key
			if f.IsMap() {
				in = f.MapValue().Message()
			}
		}
	}
	return nil
}

// fieldOf returns the field of this name, as declared or as in JSON.
func fieldOf(d protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if f := d.Fields().ByName(protoreflect.Name(name)); f != nil {
		return f
	}
	return d.Fields().ByJSONName(name)
}

// Check returns the first mistake in an answer, nil if there is none. It is a [ValueError] if a value differs.
func (x *Expectation) Check(answer []byte) error {
	msg, err := x.method.decode(answer)
	if err != nil {
		return err
	}
	for i := range x.places {
		if fault := x.places[i].fault(msg); fault != nil {
			return fault
		}
	}
	return nil
}

// fault returns an untyped nil if the value is as expected.
func (p *place) fault(msg protoreflect.Message) error {
	found, kind, ok := walk(msg, p.path)
	switch {
	case !ok && p.want == nil:
		return nil
	case !ok:
		return &ValueError{Place: p.name, Absent: true}
	case equals(found, kind, p.want):
		return nil
	}
	return &ValueError{Place: p.name, Found: show(found, kind)}
}

// walk follows a path that has passed checkPath. It returns the value there and its field.
func walk(msg protoreflect.Message, path []string) (v protoreflect.Value, f protoreflect.FieldDescriptor, ok bool) {
	for i := 0; i < len(path); i++ {
		f = fieldOf(msg.Descriptor(), path[i])
		if f.HasPresence() && !msg.Has(f) {
			return v, f, false
		}
		v = msg.Get(f)
		if (f.IsList() || f.IsMap()) && i+1 < len(path) {
			i++
			if v, f, ok = element(v, f, path[i]); !ok {
				return v, f, false
			}
		}
		if i+1 < len(path) {
			msg = v.Message()
		}
	}
	return v, f, true
}

// element returns the value in a list at an index, or in a map under a key.
func element(v protoreflect.Value, f protoreflect.FieldDescriptor, at string) (protoreflect.Value, protoreflect.FieldDescriptor, bool) {
	if f.IsList() {
		i, err := strconv.Atoi(at)
		if err != nil || i < 0 || i >= v.List().Len() {
			return v, f, false
		}
		return v.List().Get(i), f, true
	}
	key, ok := keyOf(f.MapKey(), at)
	if !ok || !v.Map().Has(key) {
		return v, f, false
	}
	return v.Map().Get(key), f.MapValue(), true
}

func keyOf(f protoreflect.FieldDescriptor, text string) (key protoreflect.MapKey, ok bool) {
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text).MapKey(), true
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(text == "true").MapKey(), text == "true" || text == "false"
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		n, err := strconv.ParseInt(text, 10, 32)
		return protoreflect.ValueOfInt32(int32(n)).MapKey(), err == nil
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		n, err := strconv.ParseUint(text, 10, 32)
		return protoreflect.ValueOfUint32(uint32(n)).MapKey(), err == nil
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		n, err := strconv.ParseUint(text, 10, 64)
		return protoreflect.ValueOfUint64(n).MapKey(), err == nil
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		return protoreflect.ValueOfInt64(n).MapKey(), err == nil
	}
}

// equals compares a value with its form in JSON: an enum is its name or its number, an integer may be a text of digits,
// bytes are in base64.
func equals(v protoreflect.Value, f protoreflect.FieldDescriptor, want any) bool {
	text, isText := want.(string)
	number, isNumber := want.(float64)
	switch got := v.Interface().(type) {
	case bool:
		return got == want
	case string:
		return isText && got == text
	case []byte:
		return isText && base64.StdEncoding.EncodeToString(got) == text
	case protoreflect.EnumNumber:
		return isText && show(v, f) == text || isNumber && float64(got) == number
	case int32, int64, uint32, uint64:
		if isText {
			return show(v, f) == text
		}
		return isNumber && number == math.Trunc(number) && strconv.FormatFloat(number, 'f', -1, 64) == show(v, f)
	case float32:
		return isNumber && got == float32(number) || isText && show(v, f) == text
	case float64:
		return isNumber && got == number || isText && show(v, f) == text
	}
	return false
}

// show returns a value as shown in the text of a failure.
func show(v protoreflect.Value, f protoreflect.FieldDescriptor) string {
	switch got := v.Interface().(type) {
	case protoreflect.EnumNumber:
		if known := f.Enum().Values().ByNumber(got); known != nil {
			return string(known.Name())
		}
		return strconv.Itoa(int(got))
	case []byte:
		return base64.StdEncoding.EncodeToString(got)
	case float64:
		return strconv.FormatFloat(got, 'g', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(got), 'g', -1, 32)
	case protoreflect.List:
		return fmt.Sprintf("a list of %d", got.Len())
	case protoreflect.Map:
		return fmt.Sprintf("a map of %d", got.Len())
	case protoreflect.Message:
		return "a " + string(got.Descriptor().FullName())
	default:
		return v.String()
	}
}
