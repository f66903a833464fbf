package transport

// multiplexer is what the pools of connections have in common that several requests can use
// at once, those of HTTP/2 and HTTP/3.
type multiplexer interface {
	// Reserve keeps a place for a request that is about to start, if there is one. Unreserve
	// gives it back if it was not used.
	Reserve() bool
	Unreserve()
	// CloseIdle closes the connections that carry no request, Abort all of them, and Wait
	// returns when those that were closed are gone.
	CloseIdle()
	Abort()
	Wait()
	// Count returns how many connections are open and not about to be closed.
	Count() int
}

// reserved returns the note that a multiplexer keeps a place for the request of s.
func (t *Transport) reserved(s *scratch) *bool {
	if t.h3 != nil {
		return &s.three.Reserved
	}
	return &s.two.Reserved
}

// mayUseHTTP1 reports whether the next request may go over a connection of HTTP/1.
func (t *Transport) mayUseHTTP1() bool {
	return t.multi == nil || t.h2 != nil && t.h2.IsHTTP1()
}
