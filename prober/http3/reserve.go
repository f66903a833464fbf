package http3

import (
	"context"
	"errors"

	"example.com/prober/prober/probe"
)

// What follows serves transports whose connections have a ceiling: a request has a place on
// a connection, or may dial, before it starts.

// Reserve keeps a place for a request that is about to start, if there is one to which
// nobody else has a right.
func (p *Pool) Reserve() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	spare := p.coming() - len(p.waiters) - p.reserved
	for _, c := range p.conns {
		spare += c.room()
	}
	if spare <= 0 {
		return false
	}
	p.reserved++
	return true
}

// Unreserve gives back a place that was kept and not used.
func (p *Pool) Unreserve() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reserved--
}

// honour lets go of what was reserved for st and is not needed any more now that it has a
// place, or waits for one: somebody may be waiting for that to dial.
func (p *Pool) honour(st *stream, x *Exchange, next step) {
	if x.Reserved {
		x.Reserved = false
		p.Unreserve()
	}
	waits := next == stepWait && len(st.steps) == 0
	if (waits || next == stepSend) && x.Permit.Spend() {
		p.Connections.Release()
	}
}

// await gets the permit to dial for r, unless a place becomes free before. It returns what r
// is to do next.
func (p *Pool) await(ctx context.Context, r *probe.Result, x *Exchange) step {
	if p.Connections == nil {
		return stepDial
	}
	if x.Permit.Spend() {
		x.Permit.Hold(true)
		return stepDial
	}
	p.line(1, true)
	err := p.Connections.Acquire(ctx, r.Deadline, func() bool { return p.placeInstead(x.stream) })
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

// line notes how many workers more, or less, wait for the permit to dial, and whether that
// is what those wait for who wait for a place.
func (p *Pool) line(workers int, scarce bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lined += workers
	for _, st := range p.waiters {
		st.scarce = scarce || p.lined > 0
	}
}

// placeInstead places st, which was about to dial, on a connection that has room by now.
func (p *Pool) placeInstead(st *stream) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.tryPlace(st) {
		return false
	}
	st.waited = true
	if st.dials {
		p.giveBackDial(st)
		p.balance()
	}
	return true
}

// Withdraw keeps new streams off a connection without any. Those who wait for a place in
// its pool are about to use it.
func (c *conn) Withdraw(asks any) bool {
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if asks == p || len(p.waiters) > 0 || p.reserved > 0 {
		c.place.StillIdle()
		return false
	}
	if len(c.open) > 0 {
		return false
	}
	c.draining = true
	return true
}

// Evict closes a connection that was withdrawn, and waits for its goroutines to end.
func (c *conn) Evict() bool {
	kept := c.yielded.CompareAndSwap(false, true)
	c.shut(errRetired)
	<-c.gone
	return kept
}
