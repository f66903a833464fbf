package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/policy"
	"example.com/prober/template"
)

// linksKey is the name of the key. maxLinks bounds the links of a target, maxLink the bytes of each template.
const (
	linksKey = "links"
	maxLinks = 16
	maxLink  = 2000
)

// The names that are replaced in a link.
const (
	linkTarget = "target"
	linkTrace  = "trace_id"
)

func isLinkName(name string) bool { return name == linkTarget || name == linkTrace }

var linkTitle = regexp.MustCompile(`^[\p{L}\p{N}]([\p{L}\p{N} ._-]{0,38}[\p{L}\p{N}])?$`)

// Link is a link on the page of a target.
type Link struct{ Title, URL string }

// LinksOf returns the links of a target, sorted by title. If traceID is not empty, it returns the links that need the
// trace of a request, else the others.
func (t Target) LinksOf(traceID string) []Link {
	var all []Link
	for _, title := range slices.Sorted(maps.Keys(t.Links)) {
		text, needsTrace := expandLink(t.Links[title], t.Name, traceID)
		if needsTrace == (traceID != "") {
			all = append(all, Link{title, text})
		}
	}
	return all
}

// expandLink puts the values into a link, escaped for a path and a query. It reports whether the link has a place for
// the trace.
func expandLink(text, target, traceID string) (expanded string, needsTrace bool) {
	expanded, _, err := template.Replace(text, false, func(name string) (string, bool) {
		if name == linkTrace {
			needsTrace = true
			return url.PathEscape(traceID), true
		}
		return escapeLink(target), true
	})
	if err != nil {
		return "", needsTrace // impossible: the text was checked at loading
	}
	return expanded, needsTrace
}

// escapeLink escapes a value so that it means the same in a path, a query and a fragment. PathEscape and QueryEscape
// alone each leave a character with another meaning in one of these.
func escapeLink(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

// links maps titles to templates of URLs; null removes a link of the defaults.
type links struct{ to *map[string]string }

func (l links) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.Fail("must be a mapping of titles to URLs, not %s", form.KindName(n))
		return
	}
	merged := maps.Clone(*l.to)
	if merged == nil {
		merged = map[string]string{}
	}
	for _, p := range c.Pairs(n) {
		link, title := c.Entry(p), p.Key.Value
		switch {
		case !linkTitle.MatchString(title):
			link.Fail("a title is 1 to 40 letters, digits, spaces and any of ._-, and begins and ends with a letter or a digit")
		case p.Value.Kind != yaml.ScalarNode:
			link.Fail("must be a URL, not %s", form.KindName(p.Value))
		case form.IsNull(p.Value) && p.Value.Value == "":
			link.Fail("has no value")
		case form.IsNull(p.Value):
			delete(merged, title)
		default:
			if err := checkLink(p.Value.Value); err != nil {
				link.Fail("%s", err)
			}
			merged[title] = p.Value.Value
		}
	}
	if len(merged) > maxLinks {
		c.Fail("there are %d links; at most %d are allowed", len(merged), maxLinks)
	}
	if len(merged) == 0 {
		merged = nil
	}
	*l.to = merged
}

func (l links) Encode() *yaml.Node { return labels(l).Encode() }

// Shape implements [form.Value].
func (links) Shape() form.Shape {
	return form.MapOf(form.SomeText()).With("maxProperties", maxLinks).With("propertyNames", form.Shape{"maxLength": 40})
}

func (l links) Reset() { *l.to = nil }

// checkLink checks a template of a URL. Its errors do not repeat the text.
func checkLink(text string) error {
	if len(text) > maxLink {
		return fmt.Errorf("must have at most %d bytes", maxLink)
	}
	names, err := template.NamesIn(text)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !isLinkName(name) {
			return fmt.Errorf("{{ %s }}: there is no such name; a link knows {{ target }} and {{ trace_id }}", name)
		}
	}
	// Other schemes, such as javascript, would run on the page.
	scheme, rest, _ := strings.Cut(text, "://")
	if scheme = strings.ToLower(scheme); scheme != "http" && scheme != "https" {
		return errors.New("must begin with http:// or https://")
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	// A target may come from a catalogue that others write.
	if strings.Contains(authority, "{{") {
		return errors.New("must not have a {{ name }} in its host: the link could lead to any host")
	}
	return checkExpanded(text, authority)
}

func checkExpanded(text, authority string) error {
	whole, _ := expandLink(text, "a", "b")
	if strings.ContainsFunc(whole, func(r rune) bool { return r <= ' ' || r == 0x7f }) || !policy.IsASCII(whole) {
		return errors.New("contains a space, control or non-ASCII character; percent-encode it")
	}
	u, err := url.Parse(whole)
	switch {
	case strings.Contains(authority, "@"):
		return errors.New("must not contain a user name or password: the page shows it")
	case err != nil:
		return errors.New("is not a URL")
	case u.Hostname() == "":
		return errors.New("has no host")
	}
	return nil
}
