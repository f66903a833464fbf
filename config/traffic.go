package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/template"
)

// Traffic says how the requests of a target differ. At most one of Requests and Journey is set. Without either, all
// requests are the same except for their data.
type Traffic struct {
	// Data are the names for templates, in alphabetical order.
	Data []option.Data
	// Requests is a mix: each arrival is one of them.
	Requests []NamedRequest
	// Journey has steps: each arrival goes through them in order.
	Journey []NamedRequest
	// Cookies are kept within a journey.
	Cookies bool
	// Think is the mean time between the steps of a journey; 0 means none.
	Think       time.Duration
	ThinkSpread option.ThinkSpread
}

// NamedRequest is a request of a mix, or a step of a journey. It inherits everything else from its target.
type NamedRequest struct {
	// Name is unique in its target and matches [a-zA-Z0-9_.:/-]{1,128}.
	Name string
	// Weight is the share of a request in its mix, at least 1. It is 0 in a journey.
	Weight int
	// Timeout, Request, GRPC and Expect are as in a Target.
	Timeout time.Duration
	Request Request
	GRPC    GRPC
	Expect  Expect
	// Capture has the names that the answer to a step gives to later steps.
	Capture []option.Capture
}

const (
	mixKey     = "requests"
	journeyKey = "journey"
	// maxItems bounds the requests of a mix and the steps of a journey, maxWeight each weight.
	maxItems  = 1000
	maxWeight = 1000
)

// Items returns the requests of the mix, or the steps of the journey. It returns nothing for a target with one request.
func (t Target) Items() []NamedRequest {
	if len(t.Journey) > 0 {
		return t.Journey
	}
	return t.Requests
}

// With returns the target as if r was its only request.
func (t Target) With(r *NamedRequest) Target {
	t.Timeout, t.Request, t.GRPC, t.Expect = r.Timeout, r.Request, r.GRPC, r.Expect
	return t
}

// HasTemplates reports whether {{ }} is replaced in the texts of the requests.
func (t Target) HasTemplates() bool { return len(t.Data)+len(t.Requests)+len(t.Journey) > 0 }

// Numbers returns the number of each name for templates. The names of the data come first, in their order.
func (t Target) Numbers() map[string]int {
	numbers := map[string]int{}
	for _, d := range t.Data {
		numbers[d.Name] = len(numbers)
	}
	for i := range t.Journey {
		for _, c := range t.Journey[i].Capture {
			if _, ok := numbers[c.Name]; !ok {
				numbers[c.Name] = len(numbers)
			}
		}
	}
	return numbers
}

// mixItemFields are the keys of a request of a mix besides those of its request.
func mixItemFields(r *NamedRequest) form.Section {
	return form.Section{
		form.Key("name", form.Required(name(&r.Name))),
		form.Key("weight", form.WholeNumber(&r.Weight, 1, maxWeight)),
		form.Key("timeout", form.Duration(&r.Timeout, minTimeout, maxTimeout)),
		form.Key("grpc", form.Block(&r.GRPC, grpcFields)),
		form.Key("expect", form.Block(&r.Expect, expectFields)),
	}
}

// stepFields are the keys of a step of a journey.
func stepFields(r *NamedRequest) form.Section {
	return form.Section{
		form.Key("name", form.Required(name(&r.Name))),
		form.Key("timeout", form.Duration(&r.Timeout, minTimeout, maxTimeout)),
		form.Key("grpc", form.Block(&r.GRPC, grpcFields)),
		form.Key("expect", form.Block(&r.Expect, expectFields)),
		form.Key("capture", captures{&r.Capture}),
	}
}

// requestList is a list of requests. Its items are decoded after all other keys of the target.
type requestList struct {
	to *[]NamedRequest
	// fields are the keys of an item besides those of its request.
	fields func(*NamedRequest) form.Section
}

func (l requestList) Decode(c form.Cursor, n *yaml.Node) {
	switch {
	case n.Kind != yaml.SequenceNode:
		c.Fail("must be a list, not %s", form.KindName(n))
	case len(n.Content) == 0:
		c.Fail("must have at least one request")
	case len(n.Content) > maxItems:
		c.Fail("must have at most %d requests, not %d", maxItems, len(n.Content))
	}
}

func (l requestList) Encode() *yaml.Node {
	if len(*l.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, r := range *l.to {
		all := slices.Concat(l.fields(&r), requestFields(&r.Request))
		n.Content = append(n.Content, all.Encode())
	}
	return n
}

// Shape implements [form.Value].
func (l requestList) Shape() form.Shape {
	all := slices.Concat(l.fields(new(NamedRequest)), requestFields(new(Request)))
	return form.ListOf(all.Shape()).With("minItems", 1).With("maxItems", maxItems)
}

func (l requestList) Reset() { *l.to = nil }

// items decodes the requests of t over the settings of t itself. n is the mapping of t. They come last,
// since a key of the target may stand below its list of requests.
func (l *loader) items(t *Target, s *form.Scope, n *yaml.Node) {
	var scopes []*form.Scope
	for _, p := range s.Cursor(n).Pairs(n) {
		if p.Value.Kind != yaml.SequenceNode || len(p.Value.Content) > maxItems {
			continue
		}
		c := s.Cursor(n).Entry(p)
		switch p.Key.Value {
		case mixKey:
			t.Requests, scopes = l.list(t, s, c, p.Value, mixItemFields)
		case journeyKey:
			t.Journey, scopes = l.list(t, s, c, p.Value, stepFields)
		}
	}
	if t.URL != nil && !(s.IsSet(mixKey) && s.IsSet(journeyKey)) {
		checks{s}.checkTemplatesOf(t, scopes)
	}
}

func (l *loader) list(t *Target, s *form.Scope, c form.Cursor, n *yaml.Node, fields func(*NamedRequest) form.Section) (items []NamedRequest, scopes []*form.Scope) {
	names := map[string]int{}
	for i, node := range n.Content {
		place := c.Item(i, node)
		r, item := l.item(t, s, place, node, fields)
		if line, ok := names[r.Name]; ok && r.Name != "" {
			item.Conflict(fmt.Sprintf("is already the name of the request in line %d", line), "name")
		} else if r.Name != "" {
			names[r.Name] = item.Line("name")
		}
		items, scopes = append(items, r), append(scopes, item)
	}
	return items, scopes
}

// item decodes one request over a copy of its target's settings.
func (l *loader) item(t *Target, s *form.Scope, c form.Cursor, n *yaml.Node, fields func(*NamedRequest) form.Section) (NamedRequest, *form.Scope) {
	base := t.clone()
	base.Requests, base.Journey = nil, nil
	r := NamedRequest{Timeout: base.Timeout, Request: base.Request, GRPC: base.GRPC, Expect: base.Expect}
	scope := s.Part(s.Where+": "+targetPlace(c.Path, nameIn(n)), s)
	scope.Forget("name") // the target's
	own := requestFields(&r.Request)
	scope.Flatten("request", own)
	all := slices.Concat(fields(&r), own)
	all.Decode(scope.Cursor(n), n)
	scope.CheckNeeded(form.Section{form.Key("request", own), form.Key("grpc", form.Block(&r.GRPC, grpcFields)), form.Key("expect", form.Block(&r.Expect, expectFields))})
	whole := base.With(&r)
	checks{scope}.all(&whole)
	checks{scope}.checkPolicy(&whole, l.rules())
	checks{scope}.checkCaptures(&whole, r.Capture)
	if k := kindOf(whole.URL); k != nil {
		fill(&whole.Timeout, defaultTimeout)
		k.fill(&whole, whole.IsSecured())
	}
	r.Timeout, r.Request, r.GRPC, r.Expect = whole.Timeout, whole.Request, whole.GRPC, whole.Expect
	if fields(&r).Has("weight") {
		fill(&r.Weight, 1)
	}
	return r, scope
}

// checkTraffic finds settings that make no sense without a journey, or beside one.
func (s checks) checkTraffic() {
	if s.IsOwn(mixKey) && s.IsOwn(journeyKey) {
		s.Conflict("a target cannot have both requests and journey", mixKey, journeyKey)
	}
	for _, key := range []string{"cookies", "think", "think_spread"} {
		if s.IsSet(key) && !s.IsSet(journeyKey) && s.IsOwn(key) {
			s.Conflict("needs journey: it is for the steps of a journey", key)
		}
	}
	if s.IsOwn("think_spread") && !s.IsSet("think") {
		s.Conflict("needs think: it is the spread of think", "think_spread")
	}
}

// pathWritten is a bit wider than checkRequestPath.
var pathWritten = regexp.MustCompile(`^/[^#]*$`)

// requestPath returns the value for a path with its query. The path may contain names.
func requestPath(to *string) form.Value {
	parse := func(n *yaml.Node) (string, error) { return n.Value, checkRequestPath(n.Value) }
	return form.Scalar[string]{To: to, Parse: parse, Written: func() form.Shape { return form.TextLike(pathWritten, "must begin with / and hold no #") }, Format: func(path string) *yaml.Node {
		if before, _, ok := strings.Cut(path, "?"); ok {
			path = before + "?" + form.Redaction
		}
		return form.TextNode(path)
	}}
}

func checkRequestPath(path string) error {
	switch {
	case !strings.HasPrefix(path, "/"):
		return errors.New(`must be a path such as /search?q=1: it begins with "/", and the host belongs in url`)
	case strings.HasPrefix(path, "//"):
		return errors.New(`must not begin with "//": servers read what follows as a host`)
	case strings.ContainsFunc(path, form.IsControl):
		return errors.New("must not contain line breaks or other control characters")
	case strings.Contains(path, "#"):
		return errors.New(`must not contain "#": fragments are not sent; a literal one is written %23`)
	}
	plain := replaced.ReplaceAllString(path, "x")
	if _, err := url.ParseRequestURI(template.Encode(plain, template.Path)); err != nil {
		return errors.New("must be a path: a literal % is written %25")
	}
	return nil
}

// replaced matches a name in braces.
var replaced = regexp.MustCompile(`{{[^}]*}}`)
