package http3

import (
	"context"
	"errors"

	"example.com/prober/prober/probe"
)

// The functions below serve transports with a ceiling of connections: before a request
// starts, it has a place on a connection or may dial.

// Reserve keeps a place for a request about to start, if there is an unclaimed one.
func (p *Pool) Reserve() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Waiters and earlier reservations have a claim to the first places.
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

// Unreserve gives back a reserved place that was not used.
func (p *Pool) Unreserve() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reserved--
}

// honour releases the reservation and the permit of st once it does not need them, because
// it has a place or waits for one: another worker may be waiting for the permit to dial.
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

// await gets the permit to dial for r, unless a place becomes free first. It returns the
// next step of r.
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

// line adds workers, which may be negative, to the number of workers waiting for the permit
// to dial. It marks the waiters as scarce while that permit keeps them waiting.
func (p *Pool) line(workers int, scarce bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lined += workers
	for _, st := range p.waiters {
		st.scarce = scarce || p.lined > 0
	}
}

// placeInstead places st on a connection that now has room, instead of letting it dial.
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

// Withdraw stops the opening of streams on a connection without any. It returns false if the
// connection's own pool asks, or if requests in that pool wait for a place: they are about
// to use it.
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

// Evict closes a withdrawn connection, and waits for its goroutines to end.
func (c *conn) Evict() bool {
	kept := c.yielded.CompareAndSwap(false, true)
	c.shut(errRetired)
	<-c.gone
	return kept
}
