package imports

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// parameterValues are the possible values of a parameter.
type parameterValues struct {
	all []string
	// keys generate values if no list has them.
	keys []setting
	// made reports whether the values are made up, because the document has none.
	made bool
}

// valuesOf returns the examples of a parameter. Without examples it returns its default, its enum, or a value allowed
// by its schema.
func valuesOf(p *openapi3.Parameter) parameterValues {
	if found := examplesOf(p.Example, p.Examples); len(found) > 0 {
		return parameterValues{all: texts(found)}
	}
	schema := schemaOf(p.Schema)
	for _, kind := range sortedKeys(p.Content) {
		if media := p.Content[kind]; media != nil && schema == nil {
			value, made := mediaExample(media)
			return parameterValues{all: texts([]any{value}), made: made}
		}
	}
	if schema != nil && schema.Type.Is("array") && schema.Example == nil {
		schema = schemaOf(schema.Items)
	}
	if schema == nil {
		return parameterValues{all: []string{"1"}, made: true}
	}
	if found := schemaValues(schema); len(found) > 0 {
		return parameterValues{all: texts(found)}
	}
	return madeValues(schema)
}

// madeValues makes up values, with a generator if there is one.
func madeValues(s *openapi3.Schema) parameterValues {
	switch {
	case s.Format == "uuid":
		return parameterValues{keys: []setting{{"generate", "uuid"}}, made: true}
	case s.Format == "date-time":
		return parameterValues{keys: []setting{{"generate", "timestamp"}, {"format", "rfc3339"}}, made: true}
	case s.Type.Is("integer") && s.Min != nil && s.Max != nil && *s.Min < *s.Max && math.Abs(*s.Min) < 1e9 && math.Abs(*s.Max) < 1e9 && s.MultipleOf == nil:
		low, high := int64(math.Ceil(*s.Min)), int64(math.Floor(*s.Max))
		if s.ExclusiveMin.IsSet() || s.ExclusiveMax.IsSet() || low > high {
			break
		}
		return parameterValues{keys: []setting{{"from", strconv.FormatInt(low, 10)}, {"to", strconv.FormatInt(high, 10)}}, made: true}
	}
	m := exampleMaker{}
	return parameterValues{all: texts([]any{m.value(&openapi3.SchemaRef{Value: s}, 0)}), made: true}
}

// texts returns values as in a query, each once, without the values that no query can hold.
func texts(all []any) (out []string) {
	const most = 50
	for _, v := range all {
		if s := plainText(v); s != "" && s != "null" && isText(s) && !slices.Contains(out, s) && len(out) < most {
			out = append(out, s)
		}
	}
	return out
}

func examplesOf(one any, several openapi3.Examples) (found []any) {
	if one != nil {
		return []any{one}
	}
	for _, name := range sortedKeys(several) {
		if ref := several[name]; ref != nil && ref.Value != nil && ref.Value.Value != nil {
			found = append(found, ref.Value.Value)
		}
	}
	return found
}

// schemaValues returns the values in a schema itself, with the examples first.
func schemaValues(s *openapi3.Schema) []any {
	switch {
	case s.Example != nil:
		return []any{s.Example}
	case len(s.Examples) > 0:
		return s.Examples
	case s.Const != nil:
		return []any{s.Const}
	case s.Default != nil && len(s.Enum) == 0:
		return []any{s.Default}
	}
	return slices.DeleteFunc(slices.Clone(s.Enum), func(v any) bool { return v == nil })
}

func schemaOf(ref *openapi3.SchemaRef) *openapi3.Schema {
	if ref == nil {
		return nil
	}
	return ref.Value
}

// mediaExample returns an example of a body. made reports whether it is made up.
func mediaExample(m *openapi3.MediaType) (value any, made bool) {
	if found := examplesOf(m.Example, m.Examples); len(found) > 0 {
		return found[0], false
	}
	k := exampleMaker{}
	value = k.value(m.Schema, 0)
	return value, k.made
}

// exampleMaker makes an example of a schema.
type exampleMaker struct {
	// made reports whether a part of the example is made up.
	made bool
	// count bounds the parts, because schemas can be of any width.
	count int
}

const (
	deepestExample = 8
	mostParts      = 500
)

// value returns an example of a schema. It bounds the depth of a schema that contains itself.
func (m *exampleMaker) value(ref *openapi3.SchemaRef, depth int) any {
	s := schemaOf(ref)
	m.count++
	if s == nil || depth > deepestExample || m.count > mostParts {
		m.made = true
		return nil
	}
	if found := schemaValues(s); len(found) > 0 {
		return found[0]
	}
	if len(s.AllOf) > 0 {
		return m.allOf(s, depth)
	}
	for _, list := range []openapi3.SchemaRefs{s.OneOf, s.AnyOf} {
		if len(list) > 0 {
			return m.value(list[0], depth+1)
		}
	}
	return m.ofType(s, depth)
}

// allOf merges the objects of a schema.
func (m *exampleMaker) allOf(s *openapi3.Schema, depth int) any {
	whole := map[string]any{}
	for _, ref := range s.AllOf {
		part, ok := m.value(ref, depth+1).(map[string]any)
		if !ok && len(s.AllOf) == 1 && len(s.Properties) == 0 {
			return m.value(ref, depth+1)
		}
		for name, v := range part {
			whole[name] = v
		}
	}
	for name, v := range m.object(s, depth) {
		whole[name] = v
	}
	return whole
}

func (m *exampleMaker) ofType(s *openapi3.Schema, depth int) any {
	kind := ""
	for _, t := range s.Type.Slice() {
		if kind == "" && t != "null" {
			kind = t
		}
	}
	switch {
	case kind == "object" || kind == "" && len(s.Properties) > 0:
		return m.object(s, depth)
	case kind == "array":
		items := []any{}
		for range min(max(s.MinItems, 1), 3) {
			items = append(items, m.value(s.Items, depth+1))
		}
		return slices.DeleteFunc(items, func(v any) bool { return v == nil })
	}
	m.made = true
	switch kind {
	case "integer", "number":
		return number(s)
	case "boolean":
		return true
	}
	return madeText(s)
}

// object returns an object with all properties that a client may send.
func (m *exampleMaker) object(s *openapi3.Schema, depth int) map[string]any {
	whole := map[string]any{}
	for _, name := range sortedKeys(s.Properties) {
		property := schemaOf(s.Properties[name])
		isRequired := slices.Contains(s.Required, name)
		if property == nil || property.ReadOnly || property.Deprecated && !isRequired || !isRequired && depth > 2 {
			continue
		}
		if v := m.value(s.Properties[name], depth+1); v != nil {
			whole[name] = v
		}
	}
	return whole
}

// number returns a number within the bounds of a schema.
func number(s *openapi3.Schema) any {
	n := 1.0
	step := 1.0
	if s.MultipleOf != nil && *s.MultipleOf > 0 {
		step = *s.MultipleOf
		n = step
	}
	if s.Min != nil && n < *s.Min {
		n = math.Ceil(*s.Min/step) * step
	}
	if v := s.ExclusiveMin.Value; v != nil && n <= *v {
		n = (math.Floor(*v/step) + 1) * step
	}
	if s.ExclusiveMin.Bool != nil && *s.ExclusiveMin.Bool && s.Min != nil && n <= *s.Min {
		n += step
	}
	if s.Max != nil && n > *s.Max {
		n = math.Floor(*s.Max/step) * step
	}
	if s.ExclusiveMax.Value != nil && n >= *s.ExclusiveMax.Value {
		n = (math.Ceil(*s.ExclusiveMax.Value/step) - 1) * step
	}
	if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
		return int64(n)
	}
	if math.IsInf(n, 0) || math.IsNaN(n) {
		return 1
	}
	return n
}

// madeText returns a text with the format and the length of a schema.
func madeText(s *openapi3.Schema) string {
	text := map[string]string{
		"uuid": "123e4567-e89b-42d3-a456-426614174000", "date": "2026-01-15", "date-time": "2026-01-15T12:00:00Z", "time": "12:00:00Z",
		"email": "user@example.com", "idn-email": "user@example.com", "uri": "https://example.com/", "url": "https://example.com/",
		"uri-reference": "/example", "hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "byte": "ZXhhbXBsZQ==", "binary": "example",
		"password": "example-password", "duration": "PT1H",
	}[s.Format]
	if text != "" {
		return text
	}
	const longest = 1000
	text = "example"
	if low := int(min(s.MinLength, longest)); len(text) < low {
		text += strings.Repeat("x", low-len(text))
	}
	if s.MaxLength != nil && uint64(len(text)) > *s.MaxLength {
		text = text[:*s.MaxLength]
	}
	return text
}
