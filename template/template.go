// Package template compiles texts with names for values: "/search?q={{ term }}".
//
// A [Template] knows its place, and escapes each value for it: no value can end a path segment, a JSON string or a
// header field. Names are numbers once it is compiled, and [Values] has the value of each for one request. [Replace]
// is for texts that are filled in once, such as those of a discovery.
package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Place is the place of a template's text.
type Place uint8

// The places differ in how they insert a value.
const (
	// Text takes values as they are.
	Text Place = iota
	// Path is a path with its query: values are percent-encoded (RFC 3986, section 2.1).
	Path
	// Form is application/x-www-form-urlencoded: values are encoded for it.
	Form
	// JSON escapes a value within a string (RFC 8259, section 7). Outside of strings the
	// value must be JSON itself, such as a number.
	JSON
	// Header is the value of a header field: control characters are refused (RFC 9110,
	// section 5.5).
	Header
)

// Template is a compiled text. It is safe for concurrent use.
type Template struct {
	pieces []piece
}

// piece is literal text, followed by a value unless escape is noValue.
type piece struct {
	literal string
	number  int
	name    string
	escape  escaping
}

// Error says why a value could not be inserted. It never holds the value.
type Error struct {
	// Name is the name of the value, Why completes "the value of … ".
	Name, Why string
}

func (e *Error) Error() string { return fmt.Sprintf("the value of {{ %s }} %s", e.Name, e.Why) }

// Parse compiles text for its place. number returns the number of a name in [Values], false
// if there is no such name.
func Parse(text string, place Place, number func(name string) (int, bool)) (*Template, error) {
	parts, err := split(text)
	if err != nil {
		return nil, err
	}
	t := new(Template)
	at := newScanner(place)
	var literal strings.Builder
	for _, p := range parts {
		if !p.isName {
			if err := at.literal(&literal, p.text); err != nil {
				return nil, err
			}
			continue
		}
		n, ok := number(p.text)
		if !ok {
			return nil, fmt.Errorf("{{ %s }}: there is no such name", p.text)
		}
		t.pieces = append(t.pieces, piece{literal: literal.String(), number: n, name: p.text, escape: at.escaping()})
		literal.Reset()
	}
	if literal.Len() > 0 {
		t.pieces = append(t.pieces, piece{literal: literal.String(), escape: noValue})
	}
	return t, nil
}

// Encode returns text encoded for its place. {{ }} has no meaning in it.
func Encode(text string, place Place) string {
	if place != Path {
		return text
	}
	var b strings.Builder
	for _, c := range []byte(text) {
		appendLiteral(&b, c)
	}
	return b.String()
}

// NamesIn returns the names in text, in their order; one may come twice.
func NamesIn(text string) ([]string, error) {
	parts, err := split(text)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range parts {
		if p.isName {
			names = append(names, p.text)
		}
	}
	return names, nil
}

// IsFixed reports whether t has no names.
func (t *Template) IsFixed() bool { return len(t.Names()) == 0 }

// Text returns the text of a fixed template, encoded for its place.
func (t *Template) Text() string {
	var b strings.Builder
	for i := range t.pieces {
		b.WriteString(t.pieces[i].literal)
	}
	return b.String()
}

// Names returns the numbers of the names in t; one may come twice.
func (t *Template) Names() []int {
	var numbers []int
	for i := range t.pieces {
		if p := &t.pieces[i]; p.escape != noValue {
			numbers = append(numbers, p.number)
		}
	}
	return numbers
}

// Append appends the text with values in their places. The error is an [*Error]. After an error the returned bytes are
// of no use.
func (t *Template) Append(dst []byte, v *Values) ([]byte, error) {
	for i := range t.pieces {
		p := &t.pieces[i]
		dst = append(dst, p.literal...)
		if p.escape == noValue {
			continue
		}
		value, ok := v.Value(p.number)
		if !ok {
			return dst, &Error{Name: p.name, Why: "is not known"}
		}
		if why := p.escape.fault(value); why != "" {
			return dst, &Error{Name: p.name, Why: why}
		}
		dst = p.escape.appendTo(dst, value)
	}
	return dst, nil
}

// Expand appends the text with made-up values in their places, escaped as by Append. value returns the value of the
// name with that number. isJSON means that its place is outside of a JSON string: the value must be JSON itself then.
func (t *Template) Expand(dst []byte, value func(number int, isJSON bool) []byte) []byte {
	for i := range t.pieces {
		p := &t.pieces[i]
		dst = append(dst, p.literal...)
		if p.escape != noValue {
			dst = p.escape.appendTo(dst, value(p.number, p.escape == jsonValue))
		}
	}
	return dst
}

// Check returns an error if the value of the name with that number is not allowed at its places in t.
func (t *Template) Check(number int, value []byte) error {
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.escape == noValue || p.number != number {
			continue
		}
		if why := p.escape.fault(value); why != "" {
			return &Error{Name: p.name, Why: why}
		}
	}
	return nil
}

// MayRefuse reports whether some values are not allowed at the places of the name with that number.
func (t *Template) MayRefuse(number int) bool {
	for i := range t.pieces {
		if p := &t.pieces[i]; p.number == number && (p.escape == headerValue || p.escape == jsonValue) {
			return true
		}
	}
	return false
}

// IsJSON reports whether text is an object or a list in JSON once its names are replaced.
func IsJSON(text string) bool {
	parts, err := split(text)
	if err != nil {
		return false
	}
	var b strings.Builder
	for _, p := range parts {
		if p.isName {
			b.WriteString("0") // a 0 is allowed within a string and outside of one
		} else {
			b.WriteString(p.text)
		}
	}
	whole := strings.TrimLeft(b.String(), " \t\r\n")
	return (strings.HasPrefix(whole, "{") || strings.HasPrefix(whole, "[")) && json.Valid([]byte(whole))
}

const (
	opening = "{{"
	closing = "}}"
	// maxName bounds a name, in bytes.
	maxName = 64
)

// part is a name, or the literal text between two names. isQuoted means that it was quoted within {{ }}.
type part struct {
	text     string
	isName   bool
	isQuoted bool
}

// split returns the parts of text. Errors show nothing of it: it may be a secret. Within {{ }} is a name, or a quoted
// literal text: {{ "{{" }}.
func split(text string) ([]part, error) { return splitNames(text, maxName) }

// splitNames splits like split, but a name may have up to most bytes.
func splitNames(text string, most int) ([]part, error) {
	var parts []part
	for text != "" {
		literal, rest, ok := strings.Cut(text, opening)
		if literal != "" {
			parts = append(parts, part{text: literal})
		}
		if !ok {
			return parts, nil
		}
		inner, after, err := cutClosing(rest)
		if err != nil {
			return nil, err
		}
		p, err := partOf(strings.TrimSpace(inner), most)
		if err != nil {
			return nil, err
		}
		if p.text != "" {
			parts = append(parts, p)
		}
		text = after
	}
	return parts, nil
}

// cutClosing returns the text before the end of a {{, and the text after it.
func cutClosing(rest string) (inner, after string, err error) {
	from := 0
	if trimmed := strings.TrimLeft(rest, " \t"); strings.HasPrefix(trimmed, `"`) {
		from = len(rest) - len(trimmed) + 1
		end := strings.IndexByte(rest[from:], '"')
		if end < 0 {
			return "", "", errors.New(`a quoted text after "{{" has no end`)
		}
		from += end + 1
	}
	end := strings.Index(rest[from:], closing)
	if end < 0 {
		return "", "", errors.New(`a "{{" has no "}}"; a literal "{{" is written {{ "{{" }}`)
	}
	return rest[:from+end], rest[from+end+len(closing):], nil
}

func partOf(inner string, most int) (part, error) {
	if len(inner) >= 2 && inner[0] == '"' && inner[len(inner)-1] == '"' {
		return part{text: inner[1 : len(inner)-1], isQuoted: true}, nil
	}
	if !isName(inner, most) {
		return part{}, errors.New(`write a name of letters, digits and _ between "{{" and "}}", or a quoted text as in {{ "{{" }}`)
	}
	return part{text: inner, isName: true}, nil
}

// IsOneName reports whether text is one name in its braces, and nothing else.
func IsOneName(text string) bool {
	inner, begins := strings.CutPrefix(text, opening)
	inner, ends := strings.CutSuffix(inner, closing)
	return begins && ends && IsName(strings.TrimSpace(inner))
}

// IsName reports whether s can be a name: letters, digits and _, no digit first, 64 at most.
func IsName(s string) bool { return isName(s, maxName) }

func isName(s string, most int) bool {
	for i, c := range []byte(s) {
		isLetter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !isLetter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= most
}
