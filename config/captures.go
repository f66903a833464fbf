package config

import (
	"errors"
	"fmt"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/template"
)

// captures maps names to the places of their values in an answer.
type captures struct{ to *[]option.Capture }

func captureFields(x *option.Capture) form.Section {
	json, header, cookie, pattern := form.Text(&x.JSON, checkJSONPath), form.Text(&x.Header, checkToken),
		form.Text(&x.Cookie, checkToken), form.Text(&x.Regexp, checkBodyPattern)
	return form.Section{
		form.Key("json", json), form.Key("header", header), form.Key("cookie", cookie), form.Key("regexp", pattern),
	}
}

func (x captures) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.Fail("must be a mapping of names to places of the answer, not %s", form.KindName(n))
		return
	}
	var all []option.Capture
	for _, p := range c.Pairs(n) {
		entry := c.Entry(p)
		if !template.IsName(p.Key.Value) {
			entry.Fail("%s", dataPathMistake)
			continue
		}
		one := option.Capture{Name: p.Key.Value}
		captureFields(&one).Decode(entry, p.Value)
		given := 0
		for _, place := range []string{one.JSON, one.Header, one.Cookie, one.Regexp} {
			if place != "" {
				given++
			}
		}
		// With a single key, its own mistake has been reported.
		if p.Value.Kind == yaml.MappingNode && given != 1 && len(p.Value.Content) != 2 {
			entry.Fail("must have one of json, header, cookie and regexp")
		}
		all = append(all, one)
	}
	*x.to = all
}

func (x captures) Encode() *yaml.Node {
	if len(*x.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	for _, one := range *x.to {
		n.Content = append(n.Content, form.TextNode(one.Name), captureFields(&one).Encode())
	}
	return n
}

// Shape implements [form.Value].
func (captures) Shape() form.Shape {
	one := captureFields(new(option.Capture)).Shape().With("minProperties", 1).With("maxProperties", 1)
	return form.Shape{"type": "object", "additionalProperties": one, "propertyNames": nameShape()}
}

func (x captures) Reset() { *x.to = nil }

func checkJSONPath(path string) error {
	if path == "" {
		return errors.New("must be the path of a value, such as user.id")
	}
	return nil
}

// checkCaptures finds captures that no answer can provide.
func (s checks) checkCaptures(t *Target, all []option.Capture) {
	const key, size = "capture", "expect.max_body_size"
	if len(all) == 0 {
		return
	}
	if t.Kind() == KindGRPC {
		s.Conflict("has no meaning for a gRPC call: only answers of HTTP requests have captures", key)
	}
	for _, c := range all {
		for _, d := range t.Data {
			if d.Name == c.Name {
				s.Conflict(fmt.Sprintf("the name %s is in data, too", c.Name), key)
			}
		}
		// A body that is looked at is kept in memory whole.
		if (c.JSON != "" || c.Regexp != "") && t.Expect.MaxBodySize > maxCheckedBody {
			s.Conflict("must be 8MiB or less where a value of the body is captured", size, key)
		}
	}
}
