package prober

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

	"example.com/prober/config"
)

// What can be wrong with a body. Nothing of the body is in any of the texts.
var (
	errNoText  = errors.New("the body does not hold the text of expect.body.contains")
	errNoMatch = errors.New("the body does not match expect.body.regexp")
	errNoJSON  = errors.New("the body is not JSON")
)

// bodyExpectation is a [config.BodyExpectation], compiled.
type bodyExpectation struct {
	contains []byte
	pattern  *regexp.Regexp // nil if there is none
	places   []jsonPlace
}

// jsonPlace is what must stand at a place of a body in JSON.
type jsonPlace struct {
	path []string
	want any // a string, float64, bool or nil
	miss error
}

// newBodyExpectation returns nil if any body will do.
func newBodyExpectation(e config.BodyExpectation) (*bodyExpectation, error) {
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
			path: strings.Split(place, "."),
			want: e.JSON[place],
			miss: fmt.Errorf("the body has not the value of expect.body.json at %q", place),
		})
	}
	return x, nil
}

// check returns the first thing that is wrong with body, or nil. What it needs of
// memory does not depend on what the body holds.
func (x *bodyExpectation) check(body []byte) error {
	switch {
	case !bytes.Contains(body, x.contains):
		return errNoText
	case x.pattern != nil && !x.pattern.Match(body):
		return errNoMatch
	case len(x.places) > 0 && !json.Valid(body):
		return errNoJSON
	}
	for _, p := range x.places {
		if !p.holds(body) {
			return p.miss
		}
	}
	return nil
}

// holds tells whether the value stands in body, which is valid JSON.
func (p *jsonPlace) holds(body []byte) bool {
	at := trimJSON(body)
	for _, element := range p.path {
		if at = enterJSON(at, element); at == nil {
			return false
		}
	}
	value := at[:skipJSON(at)]
	if value[0] == '{' || value[0] == '[' {
		return false
	}
	var got any
	return json.Unmarshal(value, &got) == nil && got == p.want
}

// enterJSON returns what follows from the value under key on, in an object or an
// array that text begins with; nil if there is none. Of several values of one key
// the last counts, as with most parsers (RFC 8259, section 4).
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

// skipJSON returns the length of the value that text begins with.
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

// scalarJSON returns the length of the number or literal that text begins with.
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
