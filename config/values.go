package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// scalar is a key with a single value.
type scalar[T comparable] struct {
	to    *T
	parse func(n *yaml.Node) (T, error)
	// format returns what parse reads, with its secrets hidden.
	format func(T) *yaml.Node
}

func (s scalar[T]) decode(c cursor, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		c.fail("must be a single value, not %s", kindName(n))
		return
	}
	v, err := s.parse(n)
	if err != nil {
		c.fail("%s", err)
		return
	}
	*s.to = v
}

func (s scalar[T]) encode() *yaml.Node {
	var zero T
	if *s.to == zero {
		return nil
	}
	return s.format(*s.to)
}

func (s scalar[T]) reset() {
	var zero T
	*s.to = zero
}

// text takes numbers and booleans as they are spelled, so that 1.10 stays 1.10.
func text(to *string, check func(string) error) value {
	parse := func(n *yaml.Node) (string, error) { return n.Value, check(n.Value) }
	return scalar[string]{to: to, parse: parse, format: textNode}
}

func choice[T ~string](to *T, options ...T) value {
	parse := func(n *yaml.Node) (T, error) {
		if !slices.Contains(options, T(n.Value)) {
			return "", fmt.Errorf("must be %s", alternatives(options))
		}
		return T(n.Value), nil
	}
	return scalar[T]{to: to, parse: parse, format: func(v T) *yaml.Node { return plainNode(string(v)) }}
}

// alternatives returns "a, b or c".
func alternatives[T ~string](options []T) string {
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

// boolean is a switch that is off by default.
func boolean(to *bool) value {
	format := func(v bool) *yaml.Node { return plainNode(strconv.FormatBool(v)) }
	return scalar[bool]{to: to, parse: parseBool, format: format}
}

// onByDefault is a switch that is on by default.
func onByDefault(to *bool) value { return onValue{to} }

type onValue struct{ to *bool }

func (o onValue) decode(c cursor, n *yaml.Node) {
	v, err := parseBool(n)
	if err != nil {
		c.fail("%s", err)
		return
	}
	*o.to = v
}

func (o onValue) encode() *yaml.Node { return plainNode(strconv.FormatBool(*o.to)) }

func (o onValue) reset() { *o.to = true }

func parseBool(n *yaml.Node) (bool, error) {
	if n.Tag != "!!bool" {
		return false, errors.New("must be true or false")
	}
	return strings.EqualFold(n.Value, "true"), nil
}

func isQuoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

func plainNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: s}
}

// textNode is quoted where YAML would read something else.
func textNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}
