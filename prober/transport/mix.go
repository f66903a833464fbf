package transport

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"example.com/prober/option"
	"example.com/prober/prober/content"
	"example.com/prober/prober/wire"
)

var (
	errNoRequest   = errors.New("a mix without a request")
	errOtherOrigin = errors.New("its URL has another origin than the first URL")
)

// request is one of the requests of a transport, compiled.
type request struct {
	cfg       Config
	call      call
	content   *content.Plan // nil if nothing is kept of responses
	expect    *expectation
	rendering *rendering // nil if there is nothing to put in
	captures  []capture
	// sentValues are the numbers of the values the request may hold: those of its names, and those
	// of captures before it.
	sentValues []int
}

// keeps is what the requests of a transport together keep of their responses. Connections
// of HTTP/2 and HTTP/3 serve all requests, so their readers keep what any of these wants.
type keeps struct {
	something bool
	fields    []string // names in lower case
}

// add adds what one of the requests keeps.
func (k *keeps) add(p *content.Plan) {
	if p == nil {
		return
	}
	k.something = true
	for _, name := range p.Wanted() {
		if !slices.Contains(k.fields, name) {
			k.fields = append(k.fields, name)
		}
	}
}

// New compiles cfg. It fails if the URL or the TLS material cannot be used, or if two
// settings exclude each other.
func New(cfg Config) (*Transport, error) { return NewMix([]Config{cfg}) }

// NewMix compiles several requests with shared connections. All have the origin of the
// first, and the first decides how connections are made and used. Everything else belongs
// to each request alone. Request of a Result selects one. It fails as New does, for a
// request to another origin, and without any Config.
func NewMix(cfgs []Config) (*Transport, error) { return newMix(cfgs, keeps{}) }

// newMix is NewMix with responses that also keep what others names.
func newMix(cfgs []Config, others keeps) (*Transport, error) {
	if len(cfgs) == 0 {
		return nil, errNoRequest
	}
	d, err := wire.NewDialer(planOf(cfgs))
	if err != nil {
		return nil, err
	}
	t := &Transport{dialer: d, requests: make([]request, len(cfgs)), keeps: others}
	t.cfg = &t.requests[0].cfg
	for i := range cfgs {
		if err := t.compile(i, cfgs[i]); err != nil {
			if len(cfgs) > 1 {
				err = fmt.Errorf("request %d: %w", i, err)
			}
			return nil, err
		}
	}
	t.carry()
	t.serial.prefix = rand.Uint64()
	for i := range t.requests {
		q := &t.requests[i]
		q.call = t.encode(&q.cfg)
		q.cfg.Certificates = nil // it belongs to whoever calls New
		q.sentValues = t.valuesSentBy(q)
	}
	return t, nil
}

// compile compiles cfg as request i.
func (t *Transport) compile(i int, cfg Config) error {
	q := &t.requests[i]
	q.cfg = cfg
	// One dialer serves all requests, so another origin would be reached over connections
	// to this one.
	if originOf(cfg.URL) != originOf(t.cfg.URL) {
		return errOtherOrigin
	}
	// Early data can be sent again by whoever records it (RFC 8446, section 8), and the
	// server may act twice (RFC 8470).
	if t.cfg.HTTPVersion == option.OnlyHTTP3 && t.cfg.TLS.EarlyData && !isSafe(cfg.Method) {
		return errEarlyMethod
	}
	if i == 0 {
		if err := t.checkVersion(); err != nil {
			return err
		}
	}
	if cfg.FollowRedirects > 0 {
		wire.ReadRoots(cfg.TLS) // a redirect may lead to TLS
	}
	q.cfg.Decoders = cmp.Or(cfg.Decoders, t.decoders())
	if err := q.compile(); err != nil {
		return err
	}
	t.keeps.add(q.content)
	return nil
}

// decoders returns the decoders of the first request that has some, nil if none has.
func (t *Transport) decoders() *content.Decoders {
	for i := range t.requests {
		if p := t.requests[i].content; p != nil && p.Decoders != nil {
			return p.Decoders
		}
	}
	return nil
}

// compile makes the parts of q that do not depend on connections.
func (q *request) compile() (err error) {
	cfg := &q.cfg
	cfg.MaxBodyBytes = cmp.Or(cfg.MaxBodyBytes, defaultMaxBodyBytes)
	if err := cfg.fix(); err != nil {
		return err
	}
	if q.expect, err = newExpectation(cfg.Expect); err != nil {
		return err
	}
	q.expect.configure(cfg)
	if q.captures, err = newCaptures(cfg.Captures); err != nil {
		return err
	}
	q.rendering = newRendering(cfg)
	q.content, err = content.NewPlan(contentOptionsOf(q))
	return err
}

// valuesSentBy returns the numbers of the values q may hold.
func (t *Transport) valuesSentBy(q *request) []int {
	numbers := q.rendering.names()
	for i := range t.requests {
		for _, c := range t.requests[i].captures {
			numbers = append(numbers, c.To)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
