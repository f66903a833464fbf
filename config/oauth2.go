package config

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

// endpointParams maps form parameters to one value or a list of values; null
// removes a parameter of the defaults.
type endpointParams struct{ to *map[string][]string }

func (e endpointParams) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.Fail("must be a mapping of names to values, not %s", form.KindName(n))
		return
	}
	merged := maps.Clone(*e.to)
	if merged == nil {
		merged = map[string][]string{}
	}
	for _, p := range c.Pairs(n) {
		param := c.Entry(p)
		if err := checkParamName(p.Key.Value); err != nil {
			param.Fail("%s", err)
			continue
		}
		delete(merged, p.Key.Value)
		if values := param.Values(p.Value, form.CheckText); len(values) > 0 {
			merged[p.Key.Value] = values
		}
	}
	if len(merged) == 0 {
		merged = nil
	}
	*e.to = merged
}

func (e endpointParams) Encode() *yaml.Node {
	if len(*e.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, name := range slices.Sorted(maps.Keys(*e.to)) {
		n.Content = append(n.Content, form.TextNode(name), form.RedactedList(len((*e.to)[name])))
	}
	return n
}

// Shape implements [form.Value].
func (endpointParams) Shape() form.Shape { return form.MapOf(form.TextOrTexts()) }

func (e endpointParams) Reset() { *e.to = nil }

// checkParamName refuses the parameters of RFC 6749, sections 2.3.1 and 4.4.2.
func checkParamName(name string) error {
	switch name {
	case "":
		return errors.New("a parameter must have a name")
	case "grant_type":
		return errors.New("is always client_credentials")
	case "client_id":
		return errors.New("is set by request.oauth2.client_id")
	case "client_secret":
		return errors.New("is set by request.oauth2.client_secret_file")
	case "scope":
		return errors.New("is set by request.oauth2.scopes")
	}
	return nil
}

// checkScope follows RFC 6749, section 3.3.
func checkScope(s string) error {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		return errors.New(`a scope is printable ASCII without spaces, " and \ (RFC 6749, section 3.3)`)
	}
	return nil
}
