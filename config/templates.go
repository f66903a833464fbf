package config

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/template"
)

// text is one text of a request that may contain names.
type text struct {
	key   string // of the text
	text  string
	place template.Place
}

// textsOf returns the texts of a request that may contain names.
func textsOf(t *Target) []text {
	var all []text
	if t.Request.Path != "" {
		all = append(all, text{"request.path", t.Request.Path, template.Path})
	}
	fields := func(key string, headers []Header, place func(name string) template.Place) {
		for _, h := range headers {
			for _, value := range h.Values {
				all = append(all, text{key, value, place(h.Name)})
			}
		}
	}
	if t.Kind() == KindGRPC {
		fields("grpc.metadata", t.GRPC.Metadata, MetadataPlace)
		return append(all, text{messageKey, t.GRPC.Text(), template.JSON})
	}
	fields("request.headers", t.Request.Headers, func(string) template.Place { return template.Header })
	if t.Request.BodyFile == "" {
		all = append(all, text{"request.body", string(t.Request.Body), t.Request.BodyPlace()})
	}
	return all
}

// BodyPlace returns how values are put into the body. Its Content-Type decides. Without one, the place is JSON if the
// body is JSON.
func (r Request) BodyPlace() template.Place {
	for _, h := range r.Headers {
		if !strings.EqualFold(h.Name, "Content-Type") {
			continue
		}
		kind := strings.ToLower(strings.Join(h.Values, " "))
		switch {
		case strings.Contains(kind, "json"):
			return template.JSON
		case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
			return template.Form
		}
		return template.Text
	}
	if bytes.Contains(r.Body, []byte("{{")) && template.IsJSON(string(r.Body)) {
		return template.JSON
	}
	return template.Text
}

// checkTemplates finds unknown names, and values that do not fit their places. captured are the names captured by the
// steps before. later are captured by later steps, and are reported as such.
func (s checks) checkTemplates(t *Target, captured, later []string) {
	if strings.Contains(t.URL.Path+t.URL.RawQuery, "{{") || strings.Contains(t.URL.Path+t.URL.RawQuery, "%7B%7B") {
		s.Conflict("a URL cannot have {{ names }}; write the part after the host in request.path", urlKey)
	}
	// The numbers are those of Target.Numbers, since a compiled text knows names by number alone.
	numbers := map[string]int{}
	for _, d := range t.Data {
		numbers[d.Name] = len(numbers)
	}
	for _, name := range captured {
		if _, ok := numbers[name]; !ok {
			numbers[name] = len(numbers)
		}
	}
	for _, x := range textsOf(t) {
		if x.text == form.Redaction || !s.IsSet(x.key) {
			continue
		}
		if msg := unknownNames(x.text, numbers, later); msg != "" {
			s.Conflict(msg, x.key)
			continue
		}
		compiled, err := template.Parse(x.text, x.place, func(name string) (int, bool) { n, ok := numbers[name]; return n, ok })
		if err != nil {
			s.Conflict(err.Error(), x.key)
			continue
		}
		s.checkValues(t, compiled, x.key)
		if x.key == messageKey {
			s.checkMessage(t, compiled)
		}
	}
}

// unknownNames returns the mistake about the first unknown name in text, "" if there is none.
func unknownNames(text string, known map[string]int, later []string) string {
	names, err := template.NamesIn(text)
	if err != nil {
		return err.Error()
	}
	for _, name := range names {
		if _, ok := known[name]; ok {
			continue
		}
		all := slices.Sorted(maps.Keys(known))
		switch best := form.Closest(name, all, 2); {
		case slices.Contains(later, name):
			return fmt.Sprintf("{{ %s }} is captured by this step or a later one, and is not known yet", name)
		case best != "":
			return fmt.Sprintf("{{ %s }} is unknown, did you mean {{ %s }}?", name, best)
		}
		return fmt.Sprintf("{{ %s }} is unknown: it is not a name in data, and no earlier step captures it", name)
	}
	return ""
}

// checkValues puts every value of the data into a text that may refuse some values.
func (s checks) checkValues(t *Target, compiled *template.Template, key string) {
	for number, d := range t.Data {
		// Most texts take any value, and a column may have a million.
		if !compiled.MayRefuse(number) {
			continue
		}
		for row := range d.Values.Len() {
			value := d.Values.At(row)
			if err := compiled.Check(number, value); err != nil && string(value) != form.Redaction {
				s.Conflict(placeOf(s.Files, &d, row)+err.Error(), key)
				break
			}
		}
		if v := sampleOf(&d); v != "" {
			if err := compiled.Check(number, []byte(v)); err != nil {
				s.Conflict(err.Error(), key)
			}
		}
	}
}

// placeOf returns the place of a value of d.
func placeOf(files *form.Files, d *option.Data, row int) string {
	if d.Source == "" {
		return fmt.Sprintf("values[%d]: ", row)
	}
	content, err := files.Read(d.Source)
	if err != nil {
		return d.Source + ": "
	}
	return fmt.Sprintf("%s:%d: ", d.Source, lineOfRow(content, d.Source, d.Column, row))
}

// sampleOf returns a value as the generator of d makes it, "" without a generator.
func sampleOf(d *option.Data) string {
	switch {
	case d.Generate == option.GenerateUUID:
		return "00000000-0000-4000-8000-000000000000"
	case d.Generate == option.GenerateString:
		return strings.Repeat("x", d.Length)
	case d.Format == option.TimeRFC3339:
		return "2006-01-02T15:04:05Z"
	}
	return ""
}

// checkTemplatesOf checks the names in the texts of all requests of t. Each scope belongs to one of the items.
func (s checks) checkTemplatesOf(t *Target, items []*form.Scope) {
	if !t.HasTemplates() {
		return
	}
	list := t.Items()
	if len(list) == 0 {
		s.checkTemplates(t, nil, nil)
		return
	}
	var captured []string
	for i := range list {
		var later []string
		for _, r := range list[i:] {
			for _, c := range r.Capture {
				later = append(later, c.Name)
			}
		}
		whole := t.With(&list[i])
		checks{items[i]}.checkTemplates(&whole, captured, later)
		for _, c := range list[i].Capture {
			captured = append(captured, c.Name)
		}
	}
}
