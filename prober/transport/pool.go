package transport

import (
	"context"
	"slices"
	"sync"

	"example.com/prober/prober/probe"
)

// h1options is how the requests of one target use connections of HTTP/1.
type h1options struct {
	// requests is how many a connection carries; 0 means no limit.
	requests int
	// maxBody is the longest response body that is accepted, in bytes.
	maxBody int64
	// connections bounds how many are open; nil bounds nothing.
	connections *probe.Ceiling
	// dial makes a link for which the request has, or gets, the permit.
	dial func(ctx context.Context, r *probe.Result) (link, error)
}

// pool does the exchanges of HTTP/1. It holds the connections: those that are idle, the
// one used last on top, and all that are open, so that they can be aborted.
type pool struct {
	h1options

	buffers buffers

	mu      sync.Mutex
	idle    []*conn
	open    map[*conn]struct{}
	aborted bool
}

func newPool(o h1options) *pool { return &pool{h1options: o} }

// get takes the idle connection that was used last, nil if there is none. Those
// that the peer has closed meanwhile are closed here too, which is no attempt.
func (p *pool) get(now probe.Instant) *conn {
	for {
		c := p.pop()
		if c == nil || c.fit(now) {
			return c
		}
		p.close(c)
	}
}

func (p *pool) pop() *conn {
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
func (p *pool) put(c *conn) bool {
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
func (p *pool) add(c *conn) bool {
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
func (p *pool) withdraw(c *conn) bool {
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

func (p *pool) close(c *conn) {
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
	c.close()
}

func (p *pool) closeIdle() {
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

// abort closes what is idle and ends what is busy; the worker that uses a busy
// connection closes it.
func (p *pool) abort() {
	p.mu.Lock()
	p.aborted = true
	busy := make([]*conn, 0, len(p.open))
	for c := range p.open {
		busy = append(busy, c)
	}
	p.mu.Unlock()
	for _, c := range busy {
		c.stream.Abort()
	}
	p.closeIdle()
}

func (p *pool) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}
