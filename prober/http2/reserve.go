package http2

import (
	"context"
	"errors"

	"example.com/prober/prober/probe"
)

// The functions below serve transports with a ceiling of connections: before a request starts, it has a stream or may
// dial.

// Reserve keeps a stream for a request about to start, if there is an unclaimed one. If the peer allows no streams,
// another connection would get around that limit, so Reserve returns true and the request waits for a stream within its
// time.
func (p *Pool) Reserve() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isRefused() && p.spare() <= 0 {
		return false
	}
	p.reserved++
	return true
}

// spare is how many streams can be opened and have not been promised. A connection being dialled counts only if it will
// speak HTTP/2; mu is held.
func (p *Pool) spare() int {
	spare := -len(p.waiters) - p.reserved
	if p.known && !p.chose1 {
		spare += p.coming()
	}
	for _, c := range p.conns {
		spare += c.room()
	}
	return spare
}

// Unreserve gives back a reserved stream that was not used.
func (p *Pool) Unreserve() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reserved--
}

// IsHTTP1 reports whether requests go over connections of HTTP/1.
func (p *Pool) IsHTTP1() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.chose1 && len(p.conns) == 0
}

// honour releases the reservation and the permit of st once it does not need them, because it has a stream or waits for
// one: another worker may be waiting for the permit to dial. Before the pool knows that the server speaks HTTP/2, st
// keeps its permit for a connection of its own.
func (p *Pool) honour(st *stream, x *Exchange, next step) {
	if x.Reserved {
		x.Reserved = false
		p.Unreserve()
	}
	p.mu.Lock()
	waits := next == stepWait && p.known && len(st.steps) == 0
	p.mu.Unlock()
	if (waits || next == stepSend) && x.Permit.Spend() {
		p.Connections.Release()
	}
}

// await gets the permit to dial for r, unless a stream becomes free first. It returns the next step of r.
func (p *Pool) await(ctx context.Context, r *probe.Result, x *Exchange) step {
	if p.Connections == nil {
		return stepDial
	}
	if x.Permit.Spend() {
		x.Permit.Hold(true)
		return stepDial
	}
	p.line(1, true)
	err := p.Connections.Acquire(ctx, r.Deadline, func() bool { return p.openInstead(x.stream) })
	found := err == nil || errors.Is(err, probe.ErrNeedless)
	p.line(-1, !found)
	switch {
	case err == nil:
		x.Permit.Hold(true)
		return stepDial
	case found:
		return stepSend
	}
	return p.failed(r, x.stream, err)
}

// line adds workers, which may be negative, to the number of workers waiting for the permit to dial. It marks the
// waiters as scarce while that permit keeps them waiting.
func (p *Pool) line(workers int, scarce bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lined += workers
	for _, st := range p.waiters {
		st.scarce = scarce || p.lined > 0
	}
}

// openInstead opens a stream for st, which was about to dial.
func (p *Pool) openInstead(st *stream) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.tryOpen(st) {
		return false
	}
	st.waited = true
	if st.dials {
		p.giveBackDial(st)
		p.balance()
	}
	return true
}

// room is how many streams can be opened.
func (c *conn) room() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining || c.cause != nil || c.writer.isStalled() {
		return 0
	}
	room := c.capacity() - len(c.open)
	if n := c.pool.Requests; n > 0 {
		room = min(room, n-int(c.nextID/2))
	}
	return max(room, 0)
}
