package transport

// multiplexer is a pool of connections for several requests at once: the pool of HTTP/2 or
// of HTTP/3.
type multiplexer interface {
	// Reserve keeps a place for a request about to start, if there is one. Unreserve gives
	// it back if it was not used.
	Reserve() bool
	Unreserve()
	// CloseIdle closes the connections without a request. Abort closes all. Wait returns
	// when the closed connections are gone.
	CloseIdle()
	Abort()
	Wait()
	// Count returns how many connections are open and not about to be closed.
	Count() int
}

// reserved returns the note of a place kept for the request of s.
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
