package transport

import "example.com/prober/prober/probe"

// Reserve takes what the request of r needs to be sent: a warm connection, a place on one,
// or the permit to open one. For that permit an idle connection of any transport may have
// to go. Reserve does not wait. It takes nothing, and returns false, if nothing is free
// now. [Transport.Do] uses up what Reserve took. A request that cannot get a connection is
// held back before it starts, and so is not counted as a failure of the target.
func (t *Transport) Reserve(r *probe.Result) bool {
	s := scratchOf(r)
	// An open connection comes first: it costs no place under the ceiling.
	if t.reserveWarm(s) {
		return true
	}
	ok := t.cfg.Connections.Reserve(&s.permit, t.multi)
	// A stream may have become free between the two looks.
	return ok || t.multi != nil && t.reserveWarm(s)
}

// reserveWarm takes an open connection, or a place on one.
func (t *Transport) reserveWarm(s *scratch) bool {
	if t.multi != nil && t.multi.Reserve() {
		*t.reserved(s) = true
		return true
	}
	return t.mayUseHTTP1() && t.h1.Reserve(&s.one)
}

// Unreserve gives back what Reserve took and Do has not used.
func (t *Transport) Unreserve(r *probe.Result) {
	s := scratchOf(r)
	t.h1.Unreserve(&s.one)
	if kept := t.reserved(s); *kept {
		*kept = false
		t.multi.Unreserve()
	}
	if s.permit.Spend() {
		t.cfg.Connections.Release()
	}
}

// Shares reports whether several requests can use a connection at once.
func (t *Transport) Shares() bool { return t.multi != nil }
