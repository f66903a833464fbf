package transport

import (
	"context"

	"example.com/prober/prober/probe"
)

// claim is what a request holds before it starts, where connections have a ceiling, so
// that it does not wait for a connection when it has. At most one of its fields is set.
type claim struct {
	// conn is a warm connection of HTTP/1; stream tells that an HTTP/2 connection keeps
	// a place for the request.
	conn   *conn
	stream bool
	// permit allows one more connection to be opened. victim is an idle connection that
	// has to be closed first.
	permit bool
	victim probe.Evictable
}

// Reserve takes what the request of r needs to be sent: a warm connection, a place on
// one, or the permit to open one, for which an idle connection of any transport may
// have to go. It takes nothing, and returns false, if there is none of that now. It
// does not wait. What it took is used up by [Transport.Do].
func (t *Transport) Reserve(r *probe.Result) bool {
	if t.reserveWarm(r) {
		return true
	}
	victim, ok := t.cfg.Connections.Take(nil, t.h2)
	q := &scratchOf(r).claim
	q.victim, q.permit = victim, ok && victim == nil
	// A stream may have become free between the two looks.
	return ok || t.h2 != nil && t.reserveWarm(r)
}

// reserveWarm takes a connection that is open, or a place on one.
func (t *Transport) reserveWarm(r *probe.Result) bool {
	q := &scratchOf(r).claim
	if t.h2 != nil && t.h2.reserve() {
		q.stream = true
		return true
	}
	if t.h2 == nil || t.h2.isHTTP1() {
		q.conn = t.pool.pop()
	}
	return q.conn != nil
}

// Unreserve gives back what Reserve took and Do has not used.
func (t *Transport) Unreserve(r *probe.Result) {
	q := &scratchOf(r).claim
	if c := q.conn; c != nil && !t.pool.put(c) {
		t.pool.close(c)
	}
	if q.stream {
		t.h2.unreserve()
	}
	if t.permitted(q) {
		t.cfg.Connections.Release()
	}
	*q = claim{}
}

// Shares reports whether several requests can use a connection at once.
func (t *Transport) Shares() bool { return t.h2 != nil }

// permitted reports whether q holds a permit to open a connection, which is the
// caller's from then on.
func (t *Transport) permitted(q *claim) bool {
	permit, victim := q.permit, q.victim
	q.permit, q.victim = false, nil
	return permit || victim != nil && victim.Evict()
}

// permit gets the permit to open a connection for r. Where it is not claimed yet, that
// may take until the request's time runs out.
func (t *Transport) permit(ctx context.Context, r *probe.Result) error {
	if t.cfg.Connections == nil || t.permitted(&scratchOf(r).claim) {
		return nil
	}
	return t.cfg.Connections.Acquire(ctx, r.Deadline, nil)
}

// claimed returns the warm connection that was reserved for r, nil if there is none
// or it has ended since.
func (t *Transport) claimed(r *probe.Result, now probe.Instant) *conn {
	q := &scratchOf(r).claim
	c := q.conn
	if c == nil {
		return nil
	}
	q.conn = nil
	if c.fit(now) {
		return c
	}
	q.permit = c.stream.yield()
	t.pool.close(c)
	return nil
}

// Withdraw takes an idle connection out of its pool.
func (c *conn) Withdraw(any) bool { return c.t.pool.withdraw(c) }

// Evict closes a connection that was withdrawn.
func (c *conn) Evict() bool {
	kept := c.stream.yield()
	c.close()
	return kept
}

// Withdraw keeps new streams off a connection without any. Those who wait for a stream
// of its pool are about to use it.
func (c *h2conn) Withdraw(asks any) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if asks == c.pool || len(c.pool.waiters) > 0 || c.pool.reserved > 0 {
		c.place.StillIdle()
		return false
	}
	return c.retireIfIdle()
}

// Evict closes a connection that was withdrawn, and waits for its reader to end.
func (c *h2conn) Evict() bool {
	kept := c.stream.yield()
	c.shut(errRetired)
	<-c.gone
	return kept
}
