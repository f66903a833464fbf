package config

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/option"
)

// maxExactInteger is the greatest integer with a float64 of its own. A greater one in an
// answer could be equal to another number after decoding.
const maxExactInteger = 1<<53 - 1

func headerExpectations(to *[]option.FieldPattern) form.Value {
	return form.ByName[option.FieldPattern]{
		To:        to,
		Name:      func(h option.FieldPattern) string { return h.Name },
		CheckName: checkToken,
		What:      "header",
		Hint:      "one expression can have alternatives",
		Parse: func(c form.Cursor, name string, n *yaml.Node) (option.FieldPattern, bool) {
			h := option.FieldPattern{Name: name}
			switch {
			case n.Kind == yaml.ScalarNode && !form.IsNull(n):
				form.Text(&h.Pattern, checkPattern).Decode(c, n)
				return h, true
			case n.Kind == yaml.ScalarNode && n.Value != "":
			case n.Kind == yaml.ScalarNode:
				c.Fail("has no value; write '' to accept any value, or null to drop the value of the defaults")
			default:
				c.Fail("must be a single value, not %s", form.KindName(n))
			}
			return h, false
		},
		Format:  func(h option.FieldPattern) *yaml.Node { return form.TextNode(h.Pattern) },
		Written: form.AnyText,
	}
}

func checkPattern(s string) error {
	_, err := regexp.Compile(s)
	var mistake *syntax.Error
	if errors.As(err, &mistake) {
		return fmt.Errorf("is not a regular expression of RE2: %s: %.80q", mistake.Code, mistake.Expr)
	}
	return err
}

func checkBodyPattern(s string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	return checkPattern(s)
}

func checkContains(s string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	return nil
}

// jsonValues maps places in a JSON text to the scalars expected there. Because
// null is a valid scalar, the mapping of a target replaces the mapping of the
// defaults as a whole.
type jsonValues struct{ to *map[string]any }

func (j jsonValues) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.Fail("must be a mapping of places to values, not %s", form.KindName(n))
		return
	}
	values := map[string]any{}
	for _, p := range c.Pairs(n) {
		place := c.Entry(p)
		if slices.Contains(strings.Split(p.Key.Value, "."), "") {
			place.Fail("a place is a list of keys with dots between them, such as status or items.0.id")
			continue
		}
		v, err := parseJSONValue(p.Value)
		if err != nil {
			place.Fail("%s", err)
			continue
		}
		values[p.Key.Value] = v
	}
	if len(values) == 0 {
		values = nil
	}
	*j.to = values
}

func parseJSONValue(n *yaml.Node) (any, error) {
	switch {
	case n.Kind != yaml.ScalarNode:
		return nil, fmt.Errorf("must be a single value, not %s; to go deeper, write a dot in the key", form.KindName(n))
	case form.IsNull(n) && n.Value == "":
		return nil, errors.New("has no value; write '' for an empty text, or null")
	case form.IsNull(n):
		return nil, nil
	case n.Tag == "!!bool":
		return form.ParseBool(n)
	case n.Tag == "!!int", n.Tag == "!!float":
		return parseJSONNumber(n)
	}
	return n.Value, nil
}

func parseJSONNumber(n *yaml.Node) (any, error) {
	v, err := form.ParseNumber(n)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w, or a text in quotes", err)
	case n.Tag == "!!int" && math.Abs(v) > maxExactInteger:
		return nil, errors.New("has more digits than the prober compares; use expect.body.regexp")
	}
	return v, nil
}

func (j jsonValues) Encode() *yaml.Node {
	if len(*j.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, place := range slices.Sorted(maps.Keys(*j.to)) {
		n.Content = append(n.Content, form.TextNode(place), jsonNode((*j.to)[place]))
	}
	return n
}

func jsonNode(v any) *yaml.Node {
	switch v := v.(type) {
	case string:
		return form.TextNode(v)
	case float64:
		if math.Abs(v) > maxExactInteger { // not as an integer: it would be refused
			return form.PlainNode(strconv.FormatFloat(v, 'g', -1, 64))
		}
		return form.NumberNode(v)
	case bool:
		return form.PlainNode(strconv.FormatBool(v))
	}
	return form.PlainNode("null")
}

// Shape implements [form.Value].
func (jsonValues) Shape() form.Shape { return form.MapOf(form.AnyText()) }

func (j jsonValues) Reset() { *j.to = nil }
