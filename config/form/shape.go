package form

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Shape describes a value of the file in the keywords of JSON Schema (draft 7). encoding/json writes it. It cannot
// express everything: if it matters, a comment says what Decode refuses beyond the shape. It never refuses a value that
// Decode accepts, except for numbers in unusual spellings, such as a quoted count. Nil is the shape of a key that is
// not allowed in its place.
type Shape map[string]any

// AnyText returns the shape of a text. Numbers and booleans are accepted as they are spelled.
func AnyText() Shape { return Shape{"type": []any{"string", "number", "boolean"}} }

// SomeText returns the shape of a text that is not empty.
func SomeText() Shape { return AnyText().With("minLength", 1) }

// TextLike returns the shape of a text that matches pattern. For any other text an editor shows mistake.
func TextLike(pattern *regexp.Regexp, mistake string) Shape {
	return AnyText().With("pattern", pattern.String()).With("patternErrorMessage", mistake)
}

// OneWord returns the shape of one of some words. Words that are numbers to YAML need no quotes.
func OneWord[T ~string](words []T) Shape {
	var all []any
	for _, word := range words {
		if _, err := strconv.ParseFloat(string(word), 64); err == nil {
			all = append(all, json.Number(word))
		}
		all = append(all, string(word))
	}
	return Shape{"enum": all}
}

// ListOf returns the shape of a list.
func ListOf(items Shape) Shape { return Shape{"type": "array", "items": items} }

// MapOf returns the shape of a mapping of any names to values of one shape. Null removes a name.
func MapOf(values Shape) Shape {
	return Shape{"type": "object", "additionalProperties": values.orNull()}
}

// TextOrTexts returns the shape of one text or a list of them.
func TextOrTexts() Shape {
	return Shape{"anyOf": []any{AnyText(), ListOf(AnyText()).With("minItems", 1)}}
}

// RefTo returns a reference to a shape in the document. pointer is a pointer of RFC 6901, such as #/definitions/target.
func RefTo(pointer string) Shape { return Shape{"$ref": pointer} }

// With returns a copy of s with one more keyword.
func (s Shape) With(keyword string, v any) Shape {
	s = maps.Clone(s)
	s[keyword] = v
	return s
}

// orNull returns a shape that also accepts null.
func (s Shape) orNull() Shape {
	null := Shape{"type": "null"}
	if words, ok := s["enum"].([]any); ok {
		return s.With("enum", append(slices.Clone(words), nil))
	}
	switch kind := s["type"].(type) {
	case string:
		return s.With("type", []any{kind, "null"})
	case []any:
		return s.With("type", append(slices.Clone(kind), "null"))
	}
	if ways, ok := s["anyOf"].([]any); ok {
		return s.With("anyOf", append(slices.Clone(ways), null))
	}
	return Shape{"anyOf": []any{s, null}}
}

// Shape implements [Value]. A key may be null, which removes the value of the defaults, unless its mapping needs the
// key.
func (s Section) Shape() Shape {
	properties := Shape{}
	var required []any
	for _, f := range s {
		shape := f.Value.Shape()
		if shape == nil {
			continue
		}
		if !isIndispensable(f.Value) {
			shape = shape.orNull()
		}
		properties[f.Name] = shape
		if _, is := f.Value.(requiredValue); is {
			required = append(required, f.Name)
		}
	}
	shape := Shape{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		shape["required"] = required
	}
	return shape
}

// Shape implements [Value].
func (o optionalValue[T]) Shape() Shape { return o.keys().Shape() }

// Shape implements [Value].
func (noDefault) Shape() Shape { return nil }

// Shape implements [Value].
func (onValue) Shape() Shape { return Shape{"type": "boolean"} }

// Shape implements [Value].
func (f File) Shape() Shape { return SomeText() }

// Shape implements [Value].
func (f SecretFile) Shape() Shape { return SomeText() }

// Shape implements [Value].
func (s Scalar[T]) Shape() Shape { return s.Written() }

// Shape implements [Value].
func (l List[T]) Shape() Shape {
	shape := ListOf(l.Written())
	if l.Whole != nil {
		maps.Copy(shape, l.Whole())
	}
	return shape
}

// Shape implements [Value].
func (b ByName[T]) Shape() Shape { return MapOf(b.Written()) }

// between returns the shape of a number within bounds.
func between[T int | float64](kind string, low, high T) Shape {
	return Shape{"type": kind, "minimum": low, "maximum": high}
}

// durationWritten is a bit wider than [Duration]. Duration also reports the bounds.
var durationWritten = regexp.MustCompile(`^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d|w|y))+$`)

// durationShape returns the shape of a duration. A schema can check no bound other than 0.
func durationShape(low time.Duration) Shape {
	shape := Shape{
		"type": "string", "pattern": durationWritten.String(),
		"patternErrorMessage": "must be a duration with a unit, such as 500ms, 30s, 1m30s or 1d",
	}
	if low > 0 {
		shape["allOf"] = []any{Shape{"pattern": "[1-9]", "patternErrorMessage": "must be above 0"}}
	}
	return shape
}

// sizeShape returns the shape of a number of bytes above 0.
func sizeShape(high int64) Shape {
	return Shape{
		"type": []any{"integer", "string"}, "minimum": 1, "maximum": high,
		"pattern":             `^0*[1-9][0-9]* *([KMG]i?B|kB|B)?$`,
		"patternErrorMessage": "must be a size such as 65536, 64KiB, 1MiB or 10MB",
	}
}
