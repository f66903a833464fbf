package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// What can be wrong with a body. An excerpt of the body follows each text.
var (
	errNoText  = errors.New("the body does not contain the text of expect.body.contains; it begins with")
	errNoMatch = errors.New("the body does not match expect.body.regexp; it begins with")
	errNoJSON  = errors.New("the body is not JSON; it begins with")
)

// bodyExpectation is a [option.BodyPattern], compiled.
type bodyExpectation struct {
	contains []byte
	pattern  *regexp.Regexp // nil if there is none
	places   []jsonPlace
}

// jsonPlace is what must stand at a place of a body in JSON.
type jsonPlace struct {
	path []string
	want any // a string, float64, bool or nil
	// absent says that nothing stands there. differs says that another value does; an
	// excerpt of that value follows.
	absent, differs error
}

// newBodyExpectation returns nil if any body will do.
func newBodyExpectation(e option.BodyPattern) (*bodyExpectation, error) {
	if e.Contains == "" && e.Regexp == "" && len(e.JSON) == 0 {
		return nil, nil
	}
	x := &bodyExpectation{contains: []byte(e.Contains)}
	if e.Regexp != "" {
		var err error
		if x.pattern, err = regexp.Compile(e.Regexp); err != nil {
			return nil, err
		}
	}
	for _, place := range slices.Sorted(maps.Keys(e.JSON)) {
		x.places = append(x.places, jsonPlace{
			path:    strings.Split(place, "."),
			want:    e.JSON[place],
			absent:  fmt.Errorf("the body has nothing at %q of expect.body.json", place),
			differs: fmt.Errorf("the value of the body at %q is not that of expect.body.json, but", place),
		})
	}
	return x, nil
}

// check returns the first thing wrong with body, or nil. Its need of memory does not depend
// on the content of body. Decoding all of a body into values takes many times its size, and
// a server could send a body for that purpose. So the places are looked for in the bytes.
func (x *bodyExpectation) check(body []byte) error {
	switch {
	case !bytes.Contains(body, x.contains):
		return probe.NewExcerpt(errNoText, body)
	case x.pattern != nil && !x.pattern.Match(body):
		return probe.NewExcerpt(errNoMatch, body)
	case len(x.places) > 0 && !json.Valid(body):
		return probe.NewExcerpt(errNoJSON, body)
	}
	for i := range x.places {
		if err := x.places[i].fault(body); err != nil {
			return err
		}
	}
	return nil
}

// fault returns what is wrong with the place in body, nil if the value stands there. body
// is valid JSON.
func (p *jsonPlace) fault(body []byte) error {
	value := findJSON(body, p.path)
	if value == nil {
		return p.absent
	}
	// Only a scalar can be wanted. Decoding anything else would take memory for a
	// comparison that fails.
	if value[0] != '{' && value[0] != '[' {
		var got any
		if json.Unmarshal(value, &got) == nil && got == p.want {
			return nil
		}
	}
	return probe.NewExcerpt(p.differs, value)
}

// findJSON returns the value at a place of body, nil if there is none. body is valid JSON.
func findJSON(body []byte, path []string) []byte {
	at := trimJSON(body)
	for _, element := range path {
		if at = enterJSON(at, element); at == nil {
			return nil
		}
	}
	return at[:skipJSON(at)]
}

// enterJSON returns the text from the value of key on, nil if there is none. text begins
// with an object or an array. Of several values of one key the last counts, as with most
// parsers (RFC 8259, section 4).
func enterJSON(text []byte, key string) (found []byte) {
	if text[0] != '{' && text[0] != '[' {
		return nil
	}
	object := text[0] == '{'
	text = trimJSON(text[1:])
	for i := 0; text[0] != '}' && text[0] != ']'; i++ {
		var name string
		if object {
			n := skipJSON(text)
			name = unquoteJSON(text[:n])
			text = trimJSON(trimJSON(text[n:])[len(":"):])
		} else {
			name = strconv.Itoa(i)
		}
		if name == key {
			found = text
		}
		if text = trimJSON(text[skipJSON(text):]); text[0] == ',' {
			text = trimJSON(text[1:])
		}
	}
	return found
}

// skipJSON returns the length of the value at the start of text. It counts the depth, and
// does not call itself: a million brackets need no stack.
func skipJSON(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			if depth == 0 {
				return i + scalarJSON(text[i:])
			}
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(text)
}

// scalarJSON returns the length of the number or literal at the start of text.
func scalarJSON(text []byte) int {
	if n := bytes.IndexAny(text, " \t\r\n,]}"); n >= 0 {
		return n
	}
	return len(text)
}

func trimJSON(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n") }

func unquoteJSON(text []byte) (s string) {
	_ = json.Unmarshal(text, &s) // it is a valid string
	return s
}
