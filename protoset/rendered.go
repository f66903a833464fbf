package protoset

import (
	"errors"
	"fmt"
	"strings"

	"example.com/prober/template"
)

// EncodeRendered encodes a message for the method from JSON with values in place of names. An error reveals no value.
func (m *Method) EncodeRendered(t *template.Template, v *template.Values) ([]byte, error) {
	text, err := t.Append(nil, v)
	if err != nil {
		return nil, err
	}
	encoded, err := m.Encode(text)
	unknown, is := errors.AsType[*UnknownFieldError](err)
	if is && !strings.Contains(t.Text(), `"`+unknown.Field+`"`) { // the name is, or contains, a value
		return nil, fmt.Errorf("a value gives the name of a field, but %s has no field of that name", unknown.Type)
	}
	return encoded, err
}
