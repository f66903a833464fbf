package transport

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/template"
)

// maxRendered bounds, in bytes, the path and the header fields put together for one
// request. Values may come from answers, so their length is the peer's choice.
const maxRendered = 64 << 10

// notRendered begins each failure to put a request together.
const notRendered = "the request cannot be put together"

var errRendered = errcode.New(errcode.Template, notRendered+": its path and header fields are above 64 KiB")

// rendering says what to put together for each request, and in which order.
type rendering struct {
	path   *template.Template // nil if it is fixed
	fields []renderedField
	// cookies means that there is a jar. The request's own cookies then share one field with
	// those of the jar.
	cookies    bool
	ownCookies []renderedField
	body       *template.Template // nil if it is fixed
	// announces means that even an empty body has a length.
	announces bool
}

// renderedField is a field to put together from value, or the fixed one if value is nil.
type renderedField struct {
	name  *message.FieldName
	value *template.Template
	fixed string
}

// rendered is the text put together for one request. Its space is used again.
type rendered struct {
	space      []byte // of the target, the fields and the body
	values     *template.Values
	sentValues []int // numbers of the values the request may hold
	own        []byte
	body       message.Content
	cookies
}

// begin forgets the request before.
func (d *rendered) begin(r *probe.Result) {
	d.values, d.sentValues, d.own, d.body = &r.Values, nil, nil, message.Content{}
}

// newRendering returns nil if there is nothing to put together.
func newRendering(cfg *Config) *rendering {
	if cfg.Path == nil && !cfg.hasVaryingFields() {
		return nil
	}
	p := &rendering{path: cfg.Path, body: cfg.VaryingBody, cookies: cfg.Cookies, announces: expectsBody(cfg.Method)}
	for _, f := range cfg.Header {
		if cfg.Cookies && isCookie(f.Name) {
			p.ownCookies = append(p.ownCookies, renderedField{fixed: f.Value})
		}
	}
	for _, f := range cfg.VaryingHeader {
		field := renderedField{name: message.NewFieldName(f.Name), value: f.Value}
		if cfg.Cookies && isCookie(f.Name) {
			p.ownCookies = append(p.ownCookies, field)
		} else {
			p.fields = append(p.fields, field)
		}
	}
	return p
}

// hasVaryingFields reports whether the header has fields that differ between requests.
func (cfg *Config) hasVaryingFields() bool {
	return len(cfg.VaryingHeader) > 0 || cfg.VaryingBody != nil || cfg.Cookies
}

// names returns the numbers of the names in the templates. p may be nil.
func (p *rendering) names() (numbers []int) {
	if p == nil {
		return nil
	}
	for _, t := range []*template.Template{p.path, p.body} {
		if t != nil {
			numbers = append(numbers, t.Names()...)
		}
	}
	for _, f := range slices.Concat(p.fields, p.ownCookies) {
		if f.value != nil {
			numbers = append(numbers, f.value.Names()...)
		}
	}
	return numbers
}

// render puts together the varying parts of the request of r, a request of q. The error says
// why it fails, and never holds a value.
func (s *scratch) render(r *probe.Result, q *request) (err error) {
	p := q.rendering
	s.space = s.space[:0]
	size := 0
	if p.path != nil {
		if s.stamp.Target, err = s.put(p.path); err != nil {
			return err
		}
		size += len(s.stamp.Target)
	}
	for i := range p.fields {
		n, err := s.putField(&p.fields[i])
		if err != nil {
			return err
		}
		size += n
	}
	if p.cookies {
		if err := s.putOwnCookies(p.ownCookies); err != nil {
			return err
		}
		s.enter(r, &q.cfg)
		size += s.putCookies()
	}
	if size > maxRendered {
		return errRendered
	}
	return s.putBody(p)
}

// put appends the text of t in this request to the space.
func (s *scratch) put(t *template.Template) (text []byte, err error) {
	start := len(s.space)
	if s.space, err = t.Append(s.space, s.values); err != nil {
		return nil, errcode.Wrap(errcode.Template, notRendered, err)
	}
	return s.since(start), nil
}

// since returns the text in the space from start on. Its capacity ends with it, so that an
// append to it cannot write over the text behind.
func (s *scratch) since(start int) []byte { return s.space[start:len(s.space):len(s.space)] }

// putValue puts the value of a field together. The blanks at its ends would be lost on the
// way (RFC 9110, section 5.5).
func (s *scratch) putValue(f *renderedField) (value []byte, err error) {
	value, err = s.put(f.value)
	if err == nil && len(message.TrimBlank(value)) < len(value) {
		err = errcode.New(errcode.Template, fmt.Sprintf("%s: the header field %q would begin or end with a blank", notRendered, f.name.Name))
	}
	return value, err
}

// putField puts a field together and returns the number of its bytes.
func (s *scratch) putField(f *renderedField) (size int, err error) {
	value, err := s.putValue(f)
	if err != nil {
		return 0, err
	}
	s.stamp.Fields = append(s.stamp.Fields, message.StampField{FieldName: f.name, Value: value})
	return len(f.name.Name) + len(value), nil
}

// contentLength is the name of the field Content-Length; it is only read.
var contentLength = message.NewFieldName("Content-Length")

func (s *scratch) putBody(p *rendering) error {
	if p.body == nil {
		return nil
	}
	body, err := s.put(p.body)
	if err != nil {
		return err
	}
	s.body = message.NewContent(body, 0)
	if len(body) > 0 || p.announces {
		start := len(s.space)
		s.space = strconv.AppendInt(s.space, int64(len(body)), 10)
		s.stamp.Fields = append(s.stamp.Fields, message.StampField{FieldName: contentLength, Value: s.since(start)})
	}
	return nil
}

// content returns the content of the request described by q.
func (s *scratch) content(q *call) *message.Content {
	if q.varying.Content {
		return &s.body
	}
	return &q.content
}

// bodyText returns the body put together for this request.
func (s *scratch) bodyText() []byte {
	if s.body.Length == 0 {
		return nil
	}
	return s.body.Part(0, int(s.body.Length))
}

// frozen returns the configuration of q with the text put together for the request of s:
// redirects repeat it.
func (s *scratch) frozen(q *request) Config {
	cfg, p := q.cfg, q.rendering
	if p == nil {
		return cfg
	}
	cfg.URL, cfg.Path = s.location(&q.cfg), nil
	cfg.Header = slices.Clip(cfg.Header)
	for i, f := range p.fields {
		cfg.Header = append(cfg.Header, message.Field{Name: f.name.Name, Value: string(s.stamp.Fields[i].Value)})
	}
	if cfg.VaryingHeader = nil; p.cookies {
		cfg.Header = withoutFields(cfg.Header, cookieName.Name)
		if len(s.own) > 0 {
			cfg.Header = append(cfg.Header, message.Field{Name: cookieName.Name, Value: string(s.own)})
		}
	}
	if cfg.VaryingBody = nil; p.body != nil {
		cfg.Body = bytes.Clone(s.bodyText())
	}
	return cfg
}

// location returns the URL of the request of s, described by cfg.
func (s *scratch) location(cfg *Config) *url.URL {
	if cfg.Path == nil {
		return cfg.URL
	}
	u, err := WithTarget(cfg.URL, string(s.stamp.Target))
	if err != nil { // fix has excluded that
		return cfg.URL
	}
	return u
}

var errTarget = errors.New(`the path does not begin with "/", or cannot stand in a URL`)

// WithTarget returns u with the path and the query of target. It fails if target does not
// begin with "/" or cannot stand in a URL.
func WithTarget(u *url.URL, target string) (*url.URL, error) {
	ref, err := url.ParseRequestURI(target)
	if err != nil || !strings.HasPrefix(target, "/") {
		return nil, errTarget
	}
	at := *u
	at.Path, at.RawPath, at.RawQuery, at.ForceQuery = ref.Path, ref.RawPath, ref.RawQuery, ref.ForceQuery
	return &at, nil
}

// fix checks the templates, and replaces those without names by their text.
func (cfg *Config) fix() (err error) {
	if p := cfg.Path; p != nil {
		u, err := WithTarget(cfg.URL, sample(p))
		if err != nil {
			return err
		}
		if p.IsFixed() {
			cfg.URL, cfg.Path = u, nil
		}
	}
	varying := cfg.VaryingHeader
	cfg.VaryingHeader, cfg.Header = nil, slices.Clip(cfg.Header)
	for _, f := range varying {
		switch text := sample(f.Value); {
		case !message.IsFieldValue(text):
			return fmt.Errorf("the header field %q has a control character", f.Name)
		case f.Value.IsFixed():
			cfg.Header = append(cfg.Header, message.Field{Name: f.Name, Value: text})
		default:
			cfg.VaryingHeader = append(cfg.VaryingHeader, f)
		}
	}
	if cfg.VaryingBody != nil {
		cfg.Body, cfg.BodySize = nil, 0
		if cfg.VaryingBody.IsFixed() {
			cfg.Body, cfg.VaryingBody = []byte(cfg.VaryingBody.Text()), nil
		}
	}
	return nil
}

// sample returns the text of t with the letter z for each name. z is no hexadecimal digit,
// so a name within an escape spoils it.
func sample(t *template.Template) string {
	var v template.Values
	for _, n := range t.Names() {
		v.Set(n, []byte("z"))
	}
	text, _ := t.Append(nil, &v) // each place but JSON takes a letter
	return string(text)
}
