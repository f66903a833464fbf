package http1

import (
	"context"
	"slices"
	"sync"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Options is how the requests of one target use connections of HTTP/1.
type Options struct {
	// Requests is how many a connection carries; 0 means no limit.
	Requests int
	// MaxBody is the longest response body that is accepted, in bytes.
	MaxBody int64
	// Connections bounds how many are open; nil bounds nothing.
	Connections *probe.Ceiling
	// Dial makes a link for which the request has, or gets, the permit.
	Dial func(ctx context.Context, r *probe.Result) (wire.Link, error)
}

// Pool does the exchanges of HTTP/1. It holds the connections: those that are idle, the
// one used last on top, and all that are open, so that they can be aborted.
type Pool struct {
	Options

	buffers buffers

	mu      sync.Mutex
	idle    []*conn
	open    map[*conn]struct{}
	aborted bool
}

// NewPool returns a pool without connections.
func NewPool(o Options) *Pool { return &Pool{Options: o} }

// get takes the idle connection that was used last, nil if there is none. Those
// that the peer has closed meanwhile are closed here too, which is no attempt.
func (p *Pool) get(now probe.Instant) *conn {
	for {
		c := p.pop()
		if c == nil || c.fit(now) {
			return c
		}
		p.close(c)
	}
}

func (p *Pool) pop() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	c.place.Busy()
	return c
}

// put makes c idle. It returns false, and leaves c to the caller, after abort.
func (p *Pool) put(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.aborted {
		return false
	}
	p.idle = append(p.idle, c)
	c.place.Idle()
	return true
}

// add registers a new connection. It returns false after abort.
func (p *Pool) add(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.aborted {
		return false
	}
	if p.open == nil {
		p.open = make(map[*conn]struct{})
	}
	p.open[c] = struct{}{}
	return true
}

// withdraw takes c out, if it is idle.
func (p *Pool) withdraw(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.idle, c)
	if i < 0 {
		return false
	}
	p.idle = slices.Delete(p.idle, i, i+1)
	delete(p.open, c)
	c.place.Busy()
	return true
}

func (p *Pool) close(c *conn) {
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
	c.close()
}

// Heard reports whether something has come on the idle connection that was used last, or
// its end, and the connection will be looked at before it is used again. It returns false if
// there is none.
func (p *Pool) Heard(now probe.Instant) bool {
	c := p.pop()
	if c == nil {
		return false
	}
	defer p.put(c)
	return now-c.idleSince > lookAfter && c.HasHeard()
}

// CloseIdle closes the connections that carry no request now. It waits for no peer.
func (p *Pool) CloseIdle() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	for _, c := range idle {
		delete(p.open, c)
		c.place.Busy()
	}
	p.mu.Unlock()
	for _, c := range idle {
		c.close()
	}
}

// Abort closes what is idle and ends what is busy; the worker that uses a busy
// connection closes it.
func (p *Pool) Abort() {
	p.mu.Lock()
	p.aborted = true
	busy := make([]*conn, 0, len(p.open))
	for c := range p.open {
		busy = append(busy, c)
	}
	p.mu.Unlock()
	for _, c := range busy {
		c.Stream.Abort()
	}
	p.CloseIdle()
}

// Count returns how many connections are open.
func (p *Pool) Count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}
