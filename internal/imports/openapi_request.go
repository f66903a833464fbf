package imports

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is one operation of a document, which becomes a request.
type operation struct {
	api     *api
	target  *target
	op      *openapi3.Operation
	request *request
}

// build makes the request. path is the path of the server followed by that of the operation.
func (b *operation) build(path string, item *openapi3.PathItem) {
	if b.op.Deprecated {
		b.request.note("Deprecated.")
	}
	all := b.parameters(item)
	b.request.path = b.path(path, all)
	b.addQuery(all)
	b.addHeaders(all)
	b.addBody()
	b.addAnswers()
	if n := len(b.op.Callbacks); n > 0 {
		b.request.note(counted(n, "callback") + " left out: the server sends such requests.")
	}
}

// parameters returns the parameters of the operation, and those of its path without an override.
func (b *operation) parameters(item *openapi3.PathItem) (all []*openapi3.Parameter) {
	for _, list := range []openapi3.Parameters{b.op.Parameters, item.Parameters} {
		for _, ref := range list {
			if ref == nil || ref.Value == nil || ref.Value.Name == "" {
				continue
			}
			isSame := func(p *openapi3.Parameter) bool { return p.Name == ref.Value.Name && p.In == ref.Value.In }
			if !slices.ContainsFunc(all, isSame) {
				all = append(all, ref.Value)
			}
		}
	}
	return all
}

// path puts names into the places of a path template.
func (b *operation) path(template string, all []*openapi3.Parameter) (t text) {
	for template != "" {
		before, rest, ok := strings.Cut(template, "{")
		t = append(t, part{literal: strings.NewReplacer("#", "%23", "?", "%3F").Replace(escapePath(before))})
		if !ok {
			return t
		}
		name, after, _ := strings.Cut(rest, "}")
		template = after
		i := slices.IndexFunc(all, func(p *openapi3.Parameter) bool { return p.In == "path" && p.Name == name })
		p := &openapi3.Parameter{Name: name, In: "path", Required: true}
		if i >= 0 {
			p = all[i]
		}
		if p.Style == "matrix" || p.Style == "label" {
			b.request.note(fmt.Sprintf("The parameter %s has the style %s, and the prober does not write it in this style.", cut(name), p.Style))
		}
		t = append(t, part{name: b.target.data.add(b.datum(p))})
	}
	return t
}

// addQuery adds the required parameters, and parameters with a value.
func (b *operation) addQuery(all []*openapi3.Parameter) {
	joint := "?"
	var left []string
	for _, p := range all {
		if p.In != "query" {
			continue
		}
		values := valuesOf(p)
		if !p.Required && (values.made || p.Deprecated) || isObject(p) {
			left = append(left, cut(p.Name))
			continue
		}
		b.request.path = append(b.request.path, part{literal: joint + url.QueryEscape(p.Name) + "="}, part{name: b.target.data.add(b.datum(p))})
		joint = "&"
	}
	if len(left) > 0 {
		b.request.note("Parameters of the query that are left out: " + strings.Join(left, ", ") + ".")
	}
}

// isObject reports whether a parameter has parts. Their spelling has no counterpart here.
func isObject(p *openapi3.Parameter) bool {
	s := schemaOf(p.Schema)
	return s != nil && s.Type.Is("object") && p.Content == nil
}

// addHeaders adds the parameters in headers by the same rules.
func (b *operation) addHeaders(all []*openapi3.Parameter) {
	var left []string
	for _, p := range all {
		name := strings.ToLower(p.Name)
		switch {
		case p.In == "cookie":
			b.request.note("The cookie " + cut(p.Name) + " is left out: add it to request.headers.")
		case p.In != "header" || name == "accept" || name == "content-type" || name == "authorization": // as the standard has it
		case checkHeader(p.Name, "") != "" || name == "host" || !p.Required && (valuesOf(p).made || p.Deprecated):
			left = append(left, cut(p.Name))
		default:
			d := b.datum(p)
			if v := valuesOf(p); len(v.all) == 1 && len(d.notes) == 0 && checkHeader(p.Name, v.all[0]) == "" && strings.TrimSpace(v.all[0]) == v.all[0] {
				b.request.addHeader(p.Name, literal(v.all[0]))
				continue
			}
			b.request.addHeader(p.Name, named(b.target.data.add(d)))
		}
	}
	if len(left) > 0 {
		b.request.note("Headers that are left out: " + strings.Join(left, ", ") + ".")
	}
}

// datum returns the values of a parameter under its name.
func (b *operation) datum(p *openapi3.Parameter) *datum {
	d := &datum{name: variableName(p.Name)}
	v := valuesOf(p)
	if p.In == "header" {
		v.all = slices.DeleteFunc(v.all, func(s string) bool { return checkHeader(p.Name, s) != "" })
	}
	switch {
	case v.keys != nil:
		d.keys = v.keys
	case len(v.all) == 0:
		d.keys, v.made = []setting{values("1")}, true
	default:
		d.keys = []setting{values(v.all...)}
	}
	if v.made {
		d.notes = []string{"The document has no example of " + cut(p.Name) + ": this is made up."}
	}
	return d
}

// addBody adds an example of the body: JSON, a form or text, in this order.
func (b *operation) addBody() {
	if b.op.RequestBody == nil || b.op.RequestBody.Value == nil {
		return
	}
	content := b.op.RequestBody.Value.Content
	kind, media := pickMedia(content)
	if media == nil {
		if len(content) > 0 {
			b.request.note("The body is left out: there is no counterpart for " + cut(strings.Join(sortedKeys(content), ", ")) + ". Write it to a file and use body_file.")
		}
		return
	}
	if m := b.request.method; m == "HEAD" || m == "TRACE" {
		b.request.note(m + " cannot have a body: the body of the document is left out.")
		return
	}
	value, made := mediaExample(media)
	body, ok := encodeBody(kind, value)
	if !ok || body == "" || !isText(body) {
		b.request.note("The body is left out: the document has no example that can be written as " + cut(kind) + ".")
		return
	}
	if made {
		b.request.note("The body is made up from its schema, because the document has no example.")
	}
	b.request.body = literal(body)
	b.request.removeHeader("Content-Type")
	b.request.addHeader("Content-Type", literal(kind))
}

func pickMedia(content openapi3.Content) (string, *openapi3.MediaType) {
	for _, fits := range []func(kind string) bool{
		func(kind string) bool { return kind == "application/json" },
		func(kind string) bool {
			return strings.HasSuffix(kind, "+json") || strings.HasPrefix(kind, "application/json")
		},
		func(kind string) bool { return kind == "application/x-www-form-urlencoded" },
		func(kind string) bool { return strings.HasPrefix(kind, "text/") && !strings.Contains(kind, "*") },
	} {
		for _, kind := range sortedKeys(content) {
			if fits(strings.ToLower(kind)) && content[kind] != nil && checkHeader("Content-Type", kind) == "" && strings.TrimSpace(kind) == kind {
				return kind, content[kind]
			}
		}
	}
	return "", nil
}

// encodeBody encodes an example for its media type.
func encodeBody(kind string, value any) (string, bool) {
	lower := strings.ToLower(kind)
	switch {
	case strings.Contains(lower, "json"):
		return encodeJSON(value)
	case lower == "application/x-www-form-urlencoded":
		if s, ok := value.(string); ok {
			return s, true
		}
		object, ok := value.(map[string]any)
		if !ok {
			return "", false
		}
		pairs := url.Values{}
		for name, v := range object {
			pairs.Set(name, plainText(v))
		}
		return pairs.Encode(), true
	}
	return plainText(value), true
}

func encodeJSON(value any) (string, bool) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return "", false
	}
	return strings.TrimSuffix(b.String(), "\n"), true
}

// plainText returns a value as in a query or a form.
func plainText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	if s, ok := encodeJSON(v); ok {
		return s
	}
	return ""
}

// addAnswers expects the document's statuses below 400.
func (b *operation) addAnswers() {
	if b.op.Responses == nil {
		return
	}
	all := b.op.Responses.Map()
	var statuses []string
	var kinds []string
	for _, key := range sortedKeys(all) {
		n, err := strconv.Atoi(key)
		switch {
		case err == nil && n >= 200 && n < 400:
			statuses = append(statuses, key)
		case key == "2XX" || key == "2xx" || key == "3XX" || key == "3xx":
			statuses = append(statuses, key[:1]+"00-"+key[:1]+"99")
		default:
			continue
		}
		if ref := all[key]; ref != nil && ref.Value != nil {
			kinds = append(kinds, sortedKeys(ref.Value.Content)...)
		}
	}
	if len(statuses) > 0 {
		b.request.expect = newBlock()
		b.request.expect.plainList("status", statuses...)
	}
	kinds = slices.Compact(slices.Sorted(slices.Values(kinds)))
	if accept := strings.Join(kinds, ", "); accept != "" && checkHeader("Accept", accept) == "" && len(accept) < 200 {
		b.request.addHeader("Accept", literal(strings.TrimSpace(accept)))
	}
}
