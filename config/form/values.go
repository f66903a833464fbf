package form

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Scalar is a key with a single value.
type Scalar[T comparable] struct {
	// To is the variable for the key.
	To *T
	// Parse reads the value. Format is its inverse, with secrets hidden.
	Parse  func(n *yaml.Node) (T, error)
	Format func(T) *yaml.Node
	// Written returns the shape of the value.
	Written func() Shape
}

// Decode implements [Value].
func (s Scalar[T]) Decode(c Cursor, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		c.Fail("must be a single value, not %s", KindName(n))
		return
	}
	v, err := s.Parse(n)
	if err != nil {
		c.Fail("%s", err)
		return
	}
	*s.To = v
}

// Encode implements [Value].
func (s Scalar[T]) Encode() *yaml.Node {
	var zero T
	if *s.To == zero {
		return nil
	}
	return s.Format(*s.To)
}

// Reset implements [Value].
func (s Scalar[T]) Reset() {
	var zero T
	*s.To = zero
}

// Text takes numbers and booleans as they are spelled, so 1.10 stays 1.10.
func Text(to *string, check func(string) error) Value {
	parse := func(n *yaml.Node) (string, error) { return n.Value, check(n.Value) }
	return Scalar[string]{To: to, Parse: parse, Format: TextNode, Written: AnyText}
}

// TextMatching returns the value for a text that matches pattern; mistake is the message for any other text.
func TextMatching(to *string, pattern *regexp.Regexp, mistake string) Value {
	parse := func(n *yaml.Node) (string, error) {
		if !pattern.MatchString(n.Value) {
			return "", errors.New(mistake)
		}
		return n.Value, nil
	}
	return Scalar[string]{To: to, Parse: parse, Format: TextNode, Written: func() Shape { return TextLike(pattern, mistake) }}
}

// Choice returns the value for one of some words.
func Choice[T ~string](to *T, options ...T) Value {
	parse := func(n *yaml.Node) (T, error) {
		if !slices.Contains(options, T(n.Value)) {
			return "", fmt.Errorf("must be %s", Alternatives(options))
		}
		return T(n.Value), nil
	}
	return Scalar[T]{To: to, Parse: parse, Format: func(v T) *yaml.Node { return PlainNode(string(v)) }, Written: func() Shape { return OneWord(options) }}
}

// Alternatives returns "a, b or c".
func Alternatives[T ~string](options []T) string {
	last := len(options) - 1
	if last == 0 {
		return string(options[0])
	}
	words := make([]string, last)
	for i := range words {
		words[i] = string(options[i])
	}
	return strings.Join(words, ", ") + " or " + string(options[last])
}

// Boolean returns the value for a switch that is off by default.
func Boolean(to *bool) Value {
	format := func(v bool) *yaml.Node { return PlainNode(strconv.FormatBool(v)) }
	return Scalar[bool]{To: to, Parse: ParseBool, Format: format, Written: func() Shape { return Shape{"type": "boolean"} }}
}

// OnByDefault returns the value for a switch that is on by default.
func OnByDefault(to *bool) Value { return onValue{to} }

type onValue struct{ to *bool }

func (o onValue) Decode(c Cursor, n *yaml.Node) {
	v, err := ParseBool(n)
	if err != nil {
		c.Fail("%s", err)
		return
	}
	*o.to = v
}

func (o onValue) Encode() *yaml.Node { return PlainNode(strconv.FormatBool(*o.to)) }

func (o onValue) Reset() { *o.to = true }

// ParseBool takes true and false.
func ParseBool(n *yaml.Node) (bool, error) {
	if n.Tag != "!!bool" {
		return false, errors.New("must be true or false")
	}
	return strings.EqualFold(n.Value, "true"), nil
}

func isQuoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

// PlainNode returns s as a value without quotes.
func PlainNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: s}
}

// TextNode returns s as a text. It is quoted if YAML would read something else.
func TextNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}
