package dns

import (
	"context"
	"fmt"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Config has everything an engine needs to know about its target.
type Config struct {
	// Plan says how connections are made. Its URL has the scheme dns and a host; the default
	// port is 53, or 853 for TLS. New sets the fields that depend on the transport.
	Plan wire.Plan
	Ask  option.DNS
	// Requests is how many requests a connection, or a socket of datagrams, carries; 0 means no
	// limit.
	Requests int
	Answer   option.AnswerPattern
	// MaxLatency is the longest time of a success, from when a request was due until its answer
	// was there; 0 means no limit.
	MaxLatency time.Duration
}

// Engine asks one DNS server. It is safe for concurrent use.
type Engine struct {
	dialer      *wire.Dialer
	connections *probe.Ceiling
	query       *query
	expect      *expectation
	// first is the pool for the first attempt. streams is the pool for the second attempt after
	// a cut datagram; without datagrams, both are the same.
	first, streams *pool
}

// New compiles cfg. It returns an error if the URL or the TLS material cannot be used, if
// two settings exclude each other, or if the question cannot be asked.
func New(cfg Config) (*Engine, error) {
	q, err := newQuery(cfg.Ask)
	if err != nil {
		return nil, fmt.Errorf("dns: %w", err)
	}
	x, err := newExpectation(&cfg)
	if err != nil {
		return nil, fmt.Errorf("expect: %w", err)
	}
	p := cfg.Plan
	p.Ports, p.Secure = map[string]uint16{"dns": 53}, cfg.Ask.Transport == option.DNSOverTLS
	if p.Secure {
		p.Ports = map[string]uint16{"dns": 853}
	}
	d, err := wire.NewDialer(p)
	if err != nil {
		return nil, err
	}
	e := &Engine{dialer: d, connections: p.Connections, query: q, expect: x}
	e.streams = &pool{dial: d.Dial, most: cfg.Requests, connections: p.Connections}
	e.first = e.streams
	if cfg.Ask.Transport == option.DNSOverUDP {
		e.first = &pool{dial: d.DialUDP, most: cfg.Requests, connections: p.Connections, datagrams: true}
	}
	return e, nil
}

// Do asks the question, from r.Due until r.Deadline, and once more over TCP if the answer in
// a datagram was cut. The end of ctx ends the making of connections.
func (e *Engine) Do(ctx context.Context, r *probe.Result) {
	s := scratchOf(r)
	s.begin(r)
	if !e.exchange(ctx, r, s, e.first) {
		return
	}
	// The second question has the rest of the request's time, and no more.
	r.Redo(s.end)
	e.exchange(ctx, r, s, e.streams)
}

// exchange asks over a connection of p. It returns true if the answer was cut and the
// request goes on; otherwise the request has ended.
func (e *Engine) exchange(ctx context.Context, r *probe.Result, s *scratch, p *pool) (cut bool) {
	c, err := e.connection(ctx, r, s, p)
	if err != nil {
		r.Fail(&errcode.PhaseError{Err: err})
		return false
	}
	defer c.release(r)
	return c.ask(r, e, s)
}

// connection returns a warm connection of p, or makes one.
func (e *Engine) connection(ctx context.Context, r *probe.Result, s *scratch, p *pool) (*conn, error) {
	if c := p.warm(s); c != nil {
		r.Reused, r.Remote = true, c.Remote
		c.Stream.Deadline = r.Deadline
		if r.Trace != nil {
			r.Trace.Notef("on the open connection to %s", r.Remote)
		}
		return c, nil
	}
	if err := e.connections.Permit(ctx, &s.permit, r.Deadline); err != nil {
		return nil, err
	}
	// The dialer has the permit from here on: it gives the permit back if it fails, and the
	// link does when it is closed.
	l, err := p.dial(ctx, r)
	if err != nil {
		return nil, p.unmade(r, err)
	}
	r.Opened = true
	c := newConn(p, l, e.query)
	if !p.Add(c) {
		c.End()
		return nil, context.Canceled
	}
	return c, nil
}

// Code returns the code of the answer. The first of these failures gives the code: no
// answer, its code, its records, its time.
func (e *Engine) Code(r *probe.Result) errcode.Code {
	if r.Err != nil {
		return errcode.FromError(r.Err)
	}
	return e.expect.verdict(r, scratchOf(r))
}

// CloseIdle closes the connections without a request. It waits for no peer.
func (e *Engine) CloseIdle() {
	for _, p := range e.pools() {
		p.CloseIdle()
	}
}

// Abort ends all requests under way with context.Canceled and closes all connections.
func (e *Engine) Abort() {
	for _, p := range e.pools() {
		p.Abort()
	}
}

// Wait returns at once: connections are closed by the goroutines that use them.
func (e *Engine) Wait() {}

// Open returns the number of open connections and sockets of datagrams.
func (e *Engine) Open() (n int) {
	for _, p := range e.pools() {
		n += p.Count()
	}
	return n
}

func (e *Engine) pools() []*pool {
	if e.first == e.streams {
		return []*pool{e.first}
	}
	return []*pool{e.first, e.streams}
}

// ClientCertificateNotAfter returns the end of validity of the engine's client certificate,
// or the zero time if it has none.
func (e *Engine) ClientCertificateNotAfter() time.Time { return e.dialer.ClientCertificateNotAfter() }

// Reserve reserves a warm connection for the request of r, or the permit to open one. An
// idle connection of another engine may be closed for that. Reserve returns false if neither
// is available now.
func (e *Engine) Reserve(r *probe.Result) bool {
	s := scratchOf(r)
	s.reserved = e.first.Pop()
	return s.reserved != nil || e.connections.Reserve(&s.permit, nil)
}

// Unreserve gives back a reservation that Do has not used.
func (e *Engine) Unreserve(r *probe.Result) {
	s := scratchOf(r)
	if c := s.reserved; c != nil && !e.first.Put(c) {
		e.first.Close(c)
	}
	s.reserved = nil
	if s.permit.Spend() {
		e.connections.Release()
	}
}

// Shares returns false: only one request at a time uses a connection.
func (e *Engine) Shares() bool { return false }
