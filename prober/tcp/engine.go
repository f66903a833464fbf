// Package tcp is the engine of targets that nothing is sent to: each request makes a
// connection, with all of its handshakes, and closes it again.
//
// An [Engine] is compiled once from a [Config]. Package wire makes the connections and times
// their phases. No connection is kept from one request to the next, since making one is what
// is measured.
package tcp

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Config describes a target to an engine.
type Config struct {
	// Plan says how connections are made. Its URL has a host, a port and the scheme tcp or
	// tls. The scheme tls asks for a TLS handshake. New fills in everything else that
	// depends on the scheme.
	Plan wire.Plan
	// MaxLatency is the longest time of a success, from when a request was due until its
	// connection stood; 0 means no limit.
	MaxLatency time.Duration
}

// ports are the schemes of the engine. They have no standard port.
var ports = map[string]uint16{"tcp": 0, "tls": 0}

// Engine makes the connections to one target. It is safe for concurrent use.
type Engine struct {
	dialer      *wire.Dialer
	connections *probe.Ceiling
	secure      bool
	maxLatency  time.Duration
	open        atomic.Int64
}

// New compiles cfg. It fails if the URL or the TLS material cannot be used, or if two
// settings exclude each other.
func New(cfg Config) (*Engine, error) {
	p := cfg.Plan
	if p.URL.Port() == "" {
		return nil, errors.New("the URL has no port")
	}
	p.Ports = ports
	p.Secure = p.URL.Scheme == "tls"
	p.Silent = true
	d, err := wire.NewDialer(p)
	if err != nil {
		return nil, err
	}
	return &Engine{dialer: d, connections: p.Connections, secure: p.Secure, maxLatency: cfg.MaxLatency}, nil
}

// Do makes one connection, from r.Due until r.Deadline, and closes it. The request ends when
// the connection stands, with its handshakes; the closing takes no time of the request. When
// ctx ends, the making of the connection ends with it.
func (e *Engine) Do(ctx context.Context, r *probe.Result) {
	r.Begin()
	defer recovered(r)
	if e.secure {
		e.roomyOnce(ctx, r)
	} else {
		e.once(ctx, r)
	}
}

// recovered turns a panic into the failure of this one request.
func recovered(r *probe.Result) {
	if v := recover(); v != nil {
		r.Interrupt(probe.Panicked(v))
	}
}

// roomyOnce keeps the stack large. Otherwise it would grow for the cryptography of each
// handshake anew: the runtime halves it in the waits between.
//
//go:noinline
func (e *Engine) roomyOnce(ctx context.Context, r *probe.Result) {
	var room [8 << 10]byte
	e.once(ctx, r)
	runtime.KeepAlive(&room)
}

func (e *Engine) once(ctx context.Context, r *probe.Result) {
	err := e.connections.Permit(ctx, &scratchOf(r).permit, r.Deadline)
	if err != nil {
		r.Fail(&errcode.PhaseError{Err: err})
		return
	}
	l, err := e.dialer.Dial(ctx, r)
	if err != nil {
		r.Fail(&errcode.PhaseError{Err: err})
		return
	}
	r.Opened = true
	r.Finish(probe.Now())
	e.open.Add(1)
	defer e.open.Add(-1)
	l.Close(false)
}

// Code returns OK if a connection was open, and within MaxLatency if there is one.
func (e *Engine) Code(r *probe.Result) errcode.Code {
	switch {
	case r.Err != nil:
		return errcode.FromError(r.Err)
	case e.maxLatency > 0 && r.Duration() > e.maxLatency:
		return errcode.TooSlow
	}
	return errcode.OK
}

// CloseIdle has nothing to close: no connection outlives its request.
func (e *Engine) CloseIdle() {}

// Abort has nothing to do: all waits of Do end with its context.
func (e *Engine) Abort() {}

// Wait has nothing to wait for: Do closes each connection itself.
func (e *Engine) Wait() {}

// Open returns the number of connections open now.
func (e *Engine) Open() int { return int(e.open.Load()) }

// ClientCertificateNotAfter returns the end of validity of the engine's own certificate, the
// zero time if it has none.
func (e *Engine) ClientCertificateNotAfter() time.Time { return e.dialer.ClientCertificateNotAfter() }

// Reserve takes the permit for the connection of the request of r. An idle connection of
// another engine may have to go for it. It returns false if there is none now.
func (e *Engine) Reserve(r *probe.Result) bool {
	return e.connections.Reserve(&scratchOf(r).permit, nil)
}

// Unreserve gives back a permit that Do has not used.
func (e *Engine) Unreserve(r *probe.Result) {
	if scratchOf(r).permit.Spend() {
		e.connections.Release()
	}
}

// Shares returns false: each request needs a connection of its own.
func (e *Engine) Shares() bool { return false }

// scratch is what the engine keeps with a Result.
type scratch struct{ permit probe.Permit }

func scratchOf(r *probe.Result) *scratch {
	s, ok := r.Scratch.(*scratch)
	if !ok {
		s = new(scratch)
		r.Scratch = s
	}
	return s
}
