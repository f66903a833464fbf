package dns

import (
	"context"
	"slices"
	"sync"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// pool holds the connections of one kind: those that are idle, the one used last on top, and
// all that are open, so that they can be aborted.
type pool struct {
	// dial makes a link for which the request has the permit.
	dial        func(context.Context, *probe.Result) (wire.Link, error)
	most        int // requests for each connection; 0 means no limit
	connections *probe.Ceiling
	datagrams   bool // each message is a datagram

	mu      sync.Mutex
	idle    []*conn
	open    map[*conn]struct{}
	aborted bool
}

// unmade returns what it means that a link could not be made.
func (p *pool) unmade(r *probe.Result, err error) error {
	if p.datagrams && r.Current() == errcode.PhaseConnect {
		return errcode.Wrap(errcode.DNSUnreachable, "the DNS server cannot be reached", err)
	}
	return err
}

// warm takes the connection that was reserved, or the idle one that was used last. It
// returns nil if there is none. Those that the peer has closed meanwhile are closed here
// too, which is no attempt.
func (p *pool) warm(s *scratch) *conn {
	now := probe.Now()
	if c := s.reserved; c != nil {
		s.reserved = nil
		if c.fit(now) {
			return c
		}
		s.permit.Hold(c.Stream.Yield())
		p.close(c)
	}
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
		c.Stream.Abort()
	}
	p.closeIdle()
}

func (p *pool) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}
