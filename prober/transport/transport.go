// Package transport sends one HTTP request at a time, as a prober must: in one attempt,
// with every phase timed and every failure typed, bounded in time and memory whatever the
// peer does.
//
// A [Transport] is compiled once from one [Config], or several, for a target, and never
// changed. A worker calls [Transport.Do] with its own [probe.Result]; the calling goroutine
// itself writes the request. Over HTTP/1 it also reads the response. Over HTTP/2 and HTTP/3
// many requests share a connection, and a goroutine of the connection reads.
//
// The packages http1, http2 and http3 do the exchanges, and package wire makes the
// connections. Here is what they have in common: the request put together from templates
// and cookies, redirects, the expectation behind the code of a request, captures, and what
// may be shown of a request without giving a secret away. What a worker needs for that
// stays in the scratch of its Result, so that the steady state allocates nothing.
package transport

import (
	"context"
	"runtime"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/http1"
	"example.com/prober/prober/http2"
	"example.com/prober/prober/http3"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Transport sends the requests of one target. It is safe for concurrent use.
type Transport struct {
	cfg      *Config   // of the first request, for connections
	requests []request // at least one
	dialer   *wire.Dialer
	serial   serial
	origins  origins
	keeps    keeps
	h1       *http1.Pool
	h2       *http2.Pool // nil if HTTP/2 cannot be spoken
	h3       *http3.Pool // nil if HTTP/3 is not spoken
	multi    multiplexer // h2 or h3, nil without either
}

// Do performs one request in one attempt, from r.Due until r.Deadline, and
// fills in r. When ctx ends, dialling ends with it; [Transport.Abort] ends
// exchanges under way.
func (t *Transport) Do(ctx context.Context, r *probe.Result) {
	s := scratchOf(r)
	s.begin(r)
	defer t.recover(r)
	q := &t.requests[r.Request]
	s.keep(q.content)
	if err := t.prepare(r, q); err != nil {
		r.Fail(&errcode.PhaseError{Err: err})
	} else {
		t.exchange(ctx, r, q)
	}
	// What Reserve took is for the request itself. Redirects may go elsewhere, and must not
	// keep a place here that another request waits for.
	if t.cfg.Connections != nil {
		t.Unreserve(r)
	}
	if q.cfg.FollowRedirects > 0 {
		t.follow(ctx, r, q)
	}
	// Only the last response is judged: the others on the way were no answer to the
	// request.
	s.kept.Settle(r)
	q.capture(r)
}

// prepare puts together the request of r. An error is the failure of the request.
func (t *Transport) prepare(r *probe.Result, q *request) error {
	s := scratchOf(r)
	s.sentValues = q.sentValues
	if err := t.stamp(r, q); err != nil {
		return err
	}
	if q.rendering == nil {
		s.send(&q.call, &q.call.content)
		return nil
	}
	if err := s.render(r, q); err != nil {
		return err
	}
	s.send(&q.call, s.content(&q.call))
	return nil
}

// exchange sends the prepared request and reads the response.
func (t *Transport) exchange(ctx context.Context, r *probe.Result, q *request) {
	if t.cfg.URL.Scheme == "https" && t.cfg.RequestsPerConnection == 1 && t.h3 == nil {
		t.roomyOnce(ctx, r)
	} else {
		t.once(ctx, r)
	}
	if q.cfg.Cookies {
		scratchOf(r).storeCookies()
	}
}

// roomyOnce is for requests with a TLS handshake each. The cryptography of a handshake
// makes the stack grow. The runtime halves a stack with less than a quarter in use, so it
// would shrink in the waits between and grow again for the next request. This would cost a
// twentieth of such a request.
//
//go:noinline
func (t *Transport) roomyOnce(ctx context.Context, r *probe.Result) {
	var room [8 << 10]byte
	t.once(ctx, r)
	runtime.KeepAlive(&room)
}

// once sends the request of r and reads the response.
func (t *Transport) once(ctx context.Context, r *probe.Result) {
	s := scratchOf(r)
	switch {
	case t.h3 != nil:
		t.h3.Do(ctx, r, &s.three)
		return
	case t.h2 != nil:
		t.h2.Do(ctx, r, &s.two)
		return
	}
	t.h1.Do(ctx, r, &s.one)
	t.judgeForwarding(r)
}

// judgeForwarding finds a demand for credentials. Among the answers to a forwarded
// request, this is one only the proxy itself can send (RFC 9110, section 15.5.8).
func (t *Transport) judgeForwarding(r *probe.Result) {
	if _, ok := t.dialer.Forwards(); ok && r.Err == nil && r.HTTP.Status == 407 {
		r.Err = &errcode.PhaseError{Phase: r.Current(), Reused: r.Reused, Err: wire.ErrProxyAuth}
	}
}

// recover turns a panic into the failure of this one request.
func (t *Transport) recover(r *probe.Result) {
	v := recover()
	if v == nil {
		return
	}
	err := probe.Panicked(v)
	switch s := scratchOf(r); {
	case t.h3 != nil:
		t.h3.Withdraw(&s.three, err)
	case t.h2 != nil:
		t.h2.Withdraw(&s.two, err)
	}
	r.Interrupt(err)
}

// Code returns the code of a request after Do.
func (t *Transport) Code(r *probe.Result) errcode.Code {
	return t.requests[r.Request].expect.verdict(r)
}

// CloseIdle closes the connections without a request. It waits for no peer: it tells each
// about the end of its connection if there is room.
func (t *Transport) CloseIdle() {
	t.h1.CloseIdle()
	if t.multi != nil {
		t.multi.CloseIdle()
	}
	t.origins.closeIdle()
}

// Abort makes all requests under way fail with context.Canceled, closes all connections
// and lets none be made. The context of Do must have ended before.
func (t *Transport) Abort() {
	t.h1.Abort()
	if t.multi != nil {
		t.multi.Abort()
	}
	t.origins.abort()
}

// Wait returns when the closed connections and their goroutines are gone. No request may
// be under way.
func (t *Transport) Wait() {
	if t.multi != nil {
		t.multi.Wait()
	}
	t.origins.wait()
}

// ClientCertificateNotAfter returns the end of validity of the transport's own
// certificate, the zero time if it has none.
func (t *Transport) ClientCertificateNotAfter() time.Time {
	return t.dialer.ClientCertificateNotAfter()
}

// Open returns the number of open connections.
func (t *Transport) Open() int {
	open := t.h1.Count()
	if t.multi != nil {
		open += t.multi.Count()
	}
	return open + t.origins.open()
}

// dial makes a link. r has the permit, or gets it.
func (t *Transport) dial(ctx context.Context, r *probe.Result) (wire.Link, error) {
	if err := t.cfg.Connections.Permit(ctx, &scratchOf(r).permit, r.Deadline); err != nil {
		return wire.Link{}, err
	}
	return t.dialer.Dial(ctx, r)
}

// dialDatagrams makes a connection over UDP. r has the permit, or gets it.
func (t *Transport) dialDatagrams(ctx context.Context, r *probe.Result, greet wire.Greeting) error {
	if err := t.cfg.Connections.Permit(ctx, &scratchOf(r).permit, r.Deadline); err != nil {
		return err
	}
	// A socket for datagrams has no stream to give the permit back. If the greeting
	// succeeds, the connection of package http3 does so when it ends.
	err := t.dialer.DialDatagrams(ctx, r, greet)
	if err != nil {
		t.cfg.Connections.Release()
	}
	return err
}
