package http1

import (
	"context"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Options says how the requests of one target use connections of HTTP/1.
type Options struct {
	// Requests is how many requests a connection carries; 0 means no limit.
	Requests int
	// Connections bounds how many connections are open; nil bounds nothing.
	Connections *probe.Ceiling
	// Dial makes a link. The request has the permit for it, or gets it.
	Dial func(ctx context.Context, r *probe.Result) (wire.Link, error)
}

// Pool does the exchanges of HTTP/1, and holds the connections.
type Pool struct {
	Options

	buffers buffers
	conns   probe.Pool[*conn]
}

// NewPool returns a pool without connections.
func NewPool(o Options) *Pool { return &Pool{Options: o} }

// get takes the most recently used idle connection, nil if there is none. If the peer has
// closed a connection meanwhile, get closes it too. This is no attempt. The last used
// connection comes first: a burst that needs few leaves the others idle, and the server can
// close those in its own time.
func (p *Pool) get(now probe.Instant) *conn {
	for {
		c := p.conns.Pop()
		if c == nil || c.fit(now) {
			return c
		}
		p.conns.Close(c)
	}
}

// Heard reports on the most recently used idle connection. It returns true if bytes or the
// end of the stream have come, and the connection will be looked at before it is used again.
// It returns false if there is none. Tests wait with it until the end of a connection has come.
func (p *Pool) Heard(now probe.Instant) bool {
	c := p.conns.Pop()
	if c == nil {
		return false
	}
	heard := now-c.idleSince > lookAfter && c.HasHeard()
	if !p.conns.Put(c) { // Abort does not close a connection in use
		p.conns.Close(c)
	}
	return heard
}

// CloseIdle closes the connections without a request. It waits for no peer.
func (p *Pool) CloseIdle() { p.conns.CloseIdle() }

// Abort closes idle connections and ends busy ones; the worker of a busy connection closes
// it.
func (p *Pool) Abort() { p.conns.Abort() }

// Count returns how many connections are open.
func (p *Pool) Count() int { return p.conns.Count() }
