package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/template"
)

// targetTemplate makes targets from labels: it replaces {{ label }} in its values with the value of the label.
type targetTemplate struct {
	mu     *sync.Mutex // of the store of files: all discoveries share it
	loader *loader
	files  *form.Files
	node   *yaml.Node
	// later are names other than labels: the names of the target's data and captures.
	later map[string]bool
	// isVaried is set if {{ }} is replaced in the requests of the target.
	isVaried bool
	// sample is the target for made-up labels.
	sample Target
}

// templateValue is the key target of a discovery.
type templateValue struct {
	*loader
	discover *Discover
}

func (v templateValue) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.Fail("must be a mapping, not %s", form.KindName(n))
		return
	}
	t := &targetTemplate{
		mu:     v.filling,
		loader: &loader{config: &Config{}, base: v.base, defaults: v.defaults.Detached(), policy: v.rules()},
		files:  c.Files.Again(),
		node:   c.Copy(n),
	}
	t.later = namesOf(t.node, &v.base)
	t.isVaried = len(t.later) > 0 || child(t.node, mixKey) != nil || child(t.node, journeyKey) != nil
	s := c.Part(c.Where+": target", nil)
	t.check(s)
	v.discover.template = t
}

// Shape implements [form.Value].
func (templateValue) Shape() form.Shape { return form.RefTo(shapeOfTemplate) }

func (v templateValue) Reset() { v.discover.template = nil }

// namesOf returns the names that the requests of a target know: the names of its data and of its steps' captures.
func namesOf(n *yaml.Node, base *Target) map[string]bool {
	names := map[string]bool{}
	for _, d := range base.Data {
		names[d.Name] = true
	}
	keysUnder := func(n *yaml.Node) {
		for i := 0; n != nil && n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
			names[n.Content[i].Value] = true
		}
	}
	keysUnder(child(n, "data"))
	if steps := child(n, journeyKey); steps != nil {
		for _, step := range steps.Content {
			keysUnder(child(step, "capture"))
		}
	}
	return names
}

// child returns the value of a key of the mapping n, nil if there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// check reports the mistakes of the template that do not depend on labels.
func (t *targetTemplate) check(s *form.Scope) {
	f := filler{template: t, value: sampleOfLabel, depends: map[*yaml.Node]bool{}}
	n := f.fill(s.Cursor(t.node), t.node, place{})
	t.chooseURL(n, f.depends)
	before := s.Found()
	own := form.NewReport(s.File, words)
	// What depends on a label may be right with the label's real value.
	own.Ignore(f.depends)
	sample := t.loader.one(form.NewScope(own, t.files.Again()).Part(s.Where, t.loader.defaults), n)
	s.Take(own)
	if s.Found() == before {
		t.sample = sample
	}
}

// target returns the target for labels.
func (t *targetTemplate) target(labels map[string]string) (Target, error) {
	// The store of files keeps what it has read, and callers may come from several goroutines.
	t.mu.Lock()
	defer t.mu.Unlock()
	r := form.NewReport("", words)
	s := form.NewScope(r, t.files.Again()).Part(foundPlace, t.loader.defaults)
	f := filler{template: t, value: func(label string) (string, error) {
		v, ok := labels[label]
		switch {
		case !ok:
			return "", fmt.Errorf("there is no label %s", label)
		case !utf8.ValidString(v):
			return "", fmt.Errorf("the value of label %s is not valid UTF-8", label)
		case strings.Contains(v, "{{") && t.isVaried:
			return "", fmt.Errorf("the value of label %s contains {{, but the requests of the target read {{ as the beginning of a name", label)
		}
		return v, nil
	}}
	n := f.fill(s.Cursor(t.node), t.node, place{})
	if r.Found() > 0 {
		return Target{}, withoutPlace(r.Err())
	}
	target := t.loader.one(s, n)
	if r.Found() > 0 {
		return Target{}, withoutPlace(r.Err())
	}
	return target, nil
}

// foundPlace is the place to which the mistakes of a found target are attributed.
const foundPlace = "target"

// withoutPlace returns the mistakes without file, line and place.
func withoutPlace(err error) error {
	errs, ok := errors.AsType[form.Errors](err)
	if !ok {
		return err
	}
	bare := slices.Clone(errs)
	for i := range bare {
		where := strings.TrimPrefix(strings.TrimPrefix(bare[i].Where, foundPlace), ": ")
		bare[i].File, bare[i].Line, bare[i].Where = "", 0, where
	}
	return bare
}

// place describes the place of a value in the template.
type place struct {
	// isFree is set below keys outside the schema.
	isFree bool
	// isFixed is set for values that must not contain a label.
	isFixed bool
	// isLink is set in links: they have names of their own and take escaped values.
	isLink bool
}

// below returns the place of the value of a key. Whoever can write a label in a catalogue must not choose which
// file is read or which secret is sent.
func (p place) below(key string) place {
	switch key = strings.ToLower(key); {
	case p.isFree || p.isFixed:
	case key == linksKey:
		p.isFree, p.isLink = true, true
	case key == "labels", key == "json", key == "message":
		p.isFree = true
	case strings.HasSuffix(key, "_file"), key == "file", key == "column",
		key == "basic_auth", key == "oauth2", key == "authorization", key == "proxy-authorization":
		p.isFixed = true
	}
	return p
}

// filler puts labels into the values of a template.
type filler struct {
	template *targetTemplate
	// value returns the value of a label, or an error if it has none.
	value func(label string) (string, error)
	// depends, if not nil, receives the keys and items that depend on labels.
	depends map[*yaml.Node]bool
}

// fill returns a copy of the tree n at c, with labels filled in.
func (f *filler) fill(c form.Cursor, n *yaml.Node, p place) *yaml.Node {
	to := *n
	to.Content = nil
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := *n.Content[i]
			at := c.Child(&key)
			value := f.fill(at, n.Content[i+1], p.below(key.Value))
			f.pass(value, &key)
			if p.below(key.Value).isFixed {
				f.pass(value, &to) // which lacks it
			}
			to.Content = append(to.Content, &key, value)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			filled := f.fill(c.Item(i, item), item, p)
			f.pass(filled, &to)
			to.Content = append(to.Content, filled)
		}
	default:
		f.scalar(c, &to, p)
	}
	return &to
}

// pass marks within as dependent on labels if n depends on them.
func (f *filler) pass(n, within *yaml.Node) {
	if f.depends[n] {
		f.depends[within] = true
	}
}

// scalar puts labels into the value n.
func (f *filler) scalar(c form.Cursor, n *yaml.Node, p place) {
	var failed error
	text, found, err := template.Replace(n.Value, f.template.isVaried, func(name string) (string, bool) {
		if f.template.later[name] || p.isLink && isLinkName(name) {
			return "", false
		}
		v, err := f.value(name)
		if p.isLink {
			v = escapeLink(v)
		}
		if err != nil && failed == nil {
			failed = err
		}
		return v, true
	})
	switch {
	case err != nil:
		c.Fail("%s", err)
	case found && p.isFixed:
		c.Fail("must not contain a label: files and credentials come only from the configuration")
	case failed != nil:
		c.Fail("%s", failed)
	}
	if text == n.Value || err != nil {
		return
	}
	// A value filled in is a text, whatever it looks like: a label must not become a list or a mapping.
	n.Value, n.Style, n.Tag = text, 0, "!!str"
	if text == "true" || text == "false" {
		n.Tag = "!!bool"
	}
	if found && f.depends != nil {
		f.depends[n] = true
	}
}

// sampleOfLabel returns a plausible value for a label of this name. With samples a template is checked when the
// file is read, and not only when something is found.
func sampleOfLabel(label string) (string, error) {
	label = strings.ToLower(label)
	for _, one := range []struct{ part, sample string }{
		{"addr", "sample.invalid:80"},
		{"port", "80"},
		{"path", "/sample"},
		{"scheme", "http"},
	} {
		if strings.Contains(label, one.part) {
			return one.sample, nil
		}
	}
	return "sample", nil
}

// chooseURL fills labels into the URL of n, so that the URL is valid. If labels decide the scheme, it empties the URL:
// the keys its target may have are unknown then, too.
func (t *targetTemplate) chooseURL(n *yaml.Node, depends map[*yaml.Node]bool) {
	raw, filled := child(t.node, urlKey), child(n, urlKey)
	if raw == nil || raw.Kind != yaml.ScalarNode || !depends[filled] {
		return
	}
	scheme, _, ok := strings.Cut(raw.Value, "://")
	switch {
	case !ok || strings.Contains(scheme, "{{"):
		filled.Value = ""
		return
	case !slices.Contains(urlSchemes(), strings.ToLower(scheme)+"://"):
		i := slices.Index(n.Content, filled)
		delete(depends, n.Content[i-1]) // it is wrong whatever the labels are
		return
	}
	for _, always := range []string{"", "sample", "80", "sample.invalid:80", "/sample"} {
		text, _, err := template.Replace(raw.Value, t.isVaried, func(label string) (string, bool) {
			if always != "" {
				return always, !t.later[label]
			}
			v, _ := sampleOfLabel(label)
			return v, !t.later[label]
		})
		if _, wrong := parseTargetURL(text); err == nil && wrong == nil {
			filled.Value = text
			return
		}
	}
}

// samples returns a target of each discovery.
func (c *Config) samples() []Target {
	var all []Target
	for _, d := range c.Discover {
		all = append(all, d.template.sample)
	}
	return all
}

// Encode returns the template with the defaults merged in. It hides what a target hides.
func (v templateValue) Encode() *yaml.Node {
	t := v.discover.template
	if t == nil {
		return nil
	}
	n := targetFields(&t.sample).Encode()
	showLabels(n, t.node)
	return n
}

// showLabels replaces texts of a target with the texts of the template it was made from. It adds texts of the template
// that the target lacks.
func showLabels(n, raw *yaml.Node) {
	switch {
	case n.Kind != raw.Kind || n.Value == form.Redaction:
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(raw.Content); i += 2 {
			showBelow(n, raw.Content[i].Value, raw.Content[i+1])
		}
	case n.Kind == yaml.SequenceNode && len(n.Content) == len(raw.Content):
		for i := range n.Content {
			showLabels(n.Content[i], raw.Content[i])
		}
	case n.Kind == yaml.ScalarNode && strings.Contains(raw.Value, "{{"):
		*n = *form.TextNode(withoutQuery(raw.Value))
	}
}

// withoutQuery returns a text of a template without anything that may be the query of a URL.
func withoutQuery(text string) string {
	before, _, hasQuery := strings.Cut(text, "?")
	if !hasQuery {
		return text
	}
	if _, _, err := template.Replace(before, false, func(string) (string, bool) { return "", true }); err != nil {
		before = before[:strings.LastIndex(before, "{{")] // it was no query
	}
	return before + "?" + form.Redaction
}

// showBelow is showLabels for a key of the mapping n.
func showBelow(n *yaml.Node, key string, raw *yaml.Node) {
	below := child(n, key)
	if below == nil {
		below = &yaml.Node{Kind: raw.Kind}
		defer func() {
			if below.Value != "" || len(below.Content) > 0 {
				at := len(n.Content)
				if key == "name" {
					at = 0
				}
				n.Content = slices.Insert(n.Content, at, form.PlainNode(key), below)
			}
		}()
	}
	showLabels(below, raw)
}
