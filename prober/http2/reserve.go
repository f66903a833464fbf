package http2

import (
	"context"
	"errors"

	"example.com/prober/prober/probe"
)

// What follows serves transports whose connections have a ceiling: a request has a
// stream, or may dial, before it starts.

// Reserve keeps a stream for a request that is about to start, if there is one to
// which nobody else has a right. Where the peer allows none, another connection would
// be a way around that, so the request waits for a stream within its time.
func (p *Pool) Reserve() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.isRefused() && p.spare() <= 0 {
		return false
	}
	p.reserved++
	return true
}

// spare is how many streams can be opened and have not been promised. Those on a
// connection that is being dialled count only if it will be one of HTTP/2; mu is held.
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

// Unreserve gives back a stream that was kept and not used.
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

// honour lets go of what was reserved for st and is not needed any more now that it
// has a stream, or waits for one: somebody may be waiting for that to dial. Before it
// is known that there will be streams, it keeps the permit for a connection of its own.
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

// await gets the permit to dial for r, unless a stream becomes free before. It returns
// what r is to do next.
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

// line notes how many workers more, or less, wait for the permit to dial, and whether
// that is what those wait for who wait for a stream.
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
