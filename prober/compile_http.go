package prober

import (
	"fmt"
	"net/url"
	"reflect"

	"example.com/prober/config"
	"example.com/prober/policy"
	"example.com/prober/prober/draw"
	"example.com/prober/prober/message"
	"example.com/prober/prober/transport"
	"example.com/prober/prober/wire"
	"example.com/prober/template"
)

func (m *Manager) compileHTTP(t config.Target, network policy.Rules, read *wire.Certificates) (*compiled, error) {
	c := &compiled{data: m.dataOf(&t)}
	tokens := tokenSources{m: m, t: t, network: network}
	var cfgs []transport.Config
	texts := newTextReader(&t)
	for _, one := range requestsIn(t) {
		cfg, err := m.httpConfig(&one, network, read, texts)
		if err != nil {
			return nil, err
		}
		if one.Request.OAuth2 != nil {
			cfg.Authorization = tokens.of(one.Request.OAuth2).authorization
		}
		cfgs = append(cfgs, cfg)
		texts.next()
	}
	for i, r := range t.Journey {
		for _, x := range r.Capture {
			cfgs[i].Captures = append(cfgs[i].Captures, transport.Capture{
				Name: x.Name, To: texts.numbers[x.Name], JSON: x.JSON, Header: x.Header, Cookie: x.Cookie, Regexp: x.Regexp,
			})
		}
	}
	c.draws = texts.draws(c.data, len(t.Journey) > 0)
	tr, err := transport.NewMix(cfgs)
	if err != nil {
		return nil, err
	}
	for _, source := range tokens.all {
		c.supplies = append(c.supplies, source)
	}
	c.engine, c.reserver = tr, tr
	return c, nil
}

// requestsIn returns t once for each of its requests, as if it had that one only.
func requestsIn(t config.Target) []config.Target {
	items := t.Items()
	if len(items) == 0 {
		return []config.Target{t}
	}
	all := make([]config.Target, len(items))
	for i := range items {
		all[i] = t.With(&items[i])
	}
	return all
}

// dataOf returns the values of the names of t.
func (m *Manager) dataOf(t *config.Target) *draw.Set {
	l := loadOf(t)
	return draw.New(t.Data, t.Name, m.shard.Part(&l).Global)
}

// httpConfig returns what the engine is told about one request of a target.
func (m *Manager) httpConfig(t *config.Target, network policy.Rules, read *wire.Certificates, texts *textReader) (transport.Config, error) {
	cfg := transport.Config{
		URL:             t.URL,
		Method:          t.Request.Method,
		Host:            t.Request.Host,
		BodySize:        t.Request.BodySize,
		IDHeader:        t.Request.IDHeader,
		Traceparent:     t.Request.Traceparent,
		FollowRedirects: t.Request.FollowRedirects,
		Compression:     t.Request.Compression,
		Expect:          expectation(t.Expect),
		MaxBodyBytes:    t.Expect.MaxBodySize,
		Connections:     m.limiter.Connections,
		Next:            m.limiter.Next,
		Decoders:        m.decoders,
		Rules:           network,
		Cookies:         t.Cookies,
	}
	setConnection(&cfg, t.Connection)
	cfg.Dial = m.dialOf(t)
	cfg.Certificates = read
	if err := texts.read(&cfg, t); err != nil {
		return cfg, err
	}
	cfg.Header = append(cfg.Header, loginFields(t.Request)...)
	return cfg, nil
}

// tokenSources are those of the tokens that requests of a target need: one for all that ask in
// the same way.
type tokenSources struct {
	m       *Manager
	t       config.Target
	network policy.Rules
	asked   []*config.OAuth2
	all     []*tokenSource
}

func (s *tokenSources) of(o *config.OAuth2) *tokenSource {
	for i, asked := range s.asked {
		if reflect.DeepEqual(asked, o) {
			return s.all[i]
		}
	}
	t := s.t
	t.Request.OAuth2 = o
	s.asked = append(s.asked, o)
	s.all = append(s.all, newTokenSource(t, s.network, s.m.limiter, s.m.log))
	return s.all[len(s.all)-1]
}

// textReader compiles the texts of requests in which names may stand.
type textReader struct {
	numbers map[string]int // of the names; nil where texts stand for themselves
	used    [][]int        // the names in each request so far
}

func newTextReader(t *config.Target) *textReader {
	r := &textReader{used: [][]int{nil}}
	if t.HasTemplates() {
		r.numbers = t.Numbers()
	}
	return r
}

// next begins another request.
func (x *textReader) next() { x.used = append(x.used, nil) }

// draws returns what each request draws of data: what it uses itself or, in a journey, what all
// do, with the first.
func (x *textReader) draws(data *draw.Set, isJourney bool) []*draw.Plan {
	var all []*draw.Plan
	if isJourney {
		var used []int
		for _, numbers := range x.used {
			used = append(used, numbers...)
		}
		return append(all, data.Plan(used))
	}
	for _, numbers := range x.used {
		all = append(all, data.Plan(numbers))
	}
	return all
}

// compile returns the template of a text; nil if the text is the same in each request, which is
// returned then as it is sent.
func (x *textReader) compile(text string, place template.Place) (*template.Template, string, error) {
	if x.numbers == nil {
		return nil, template.Encode(text, place), nil
	}
	t, err := template.Parse(text, place, func(name string) (int, bool) { n, ok := x.numbers[name]; return n, ok })
	switch {
	case err != nil:
		return nil, "", err
	case t.IsFixed():
		return nil, t.Text(), nil
	}
	last := len(x.used) - 1
	x.used[last] = append(x.used[last], t.Names()...)
	return t, "", nil
}

// read fills in path, header and body of a request.
func (x *textReader) read(cfg *transport.Config, t *config.Target) error {
	if err := x.readPath(cfg, t); err != nil {
		return fmt.Errorf("path: %w", err)
	}
	for _, f := range fieldsOf(t.Request.Headers) {
		varying, fixed, err := x.compile(f.Value, template.Header)
		switch {
		case err != nil:
			return fmt.Errorf("header %s: %w", f.Name, err)
		case varying != nil:
			cfg.VaryingHeader = append(cfg.VaryingHeader, transport.VaryingField{Name: f.Name, Value: varying})
		default:
			cfg.Header = append(cfg.Header, message.Field{Name: f.Name, Value: fixed})
		}
	}
	if t.Request.BodyFile != "" || len(t.Request.Body) == 0 || x.numbers == nil {
		cfg.Body = t.Request.Body
		return nil
	}
	varying, fixed, err := x.compile(string(t.Request.Body), t.Request.BodyPlace())
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if cfg.VaryingBody = varying; varying == nil {
		cfg.Body = []byte(fixed)
	}
	return nil
}

func (x *textReader) readPath(cfg *transport.Config, t *config.Target) error {
	if t.Request.Path == "" {
		return nil
	}
	varying, fixed, err := x.compile(t.Request.Path, template.Path)
	if err != nil || varying != nil {
		cfg.Path = varying
		return err
	}
	at, err := url.ParseRequestURI(fixed)
	if err != nil {
		return err
	}
	u := *t.URL
	u.Path, u.RawPath, u.RawQuery, u.ForceQuery = at.Path, at.RawPath, at.RawQuery, at.ForceQuery
	cfg.URL = &u
	return nil
}
