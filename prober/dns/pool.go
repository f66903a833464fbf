package dns

import (
	"context"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// pool holds the connections of one kind.
type pool struct {
	probe.Pool[*conn]

	// dial makes a link. The request holds the permit for it.
	dial        func(context.Context, *probe.Result) (wire.Link, error)
	most        int // requests for each connection; 0 means no limit
	connections *probe.Ceiling
	datagrams   bool // each message is a datagram
}

// unmade returns the error for a link that could not be made.
func (p *pool) unmade(r *probe.Result, err error) error {
	if p.datagrams && r.Current() == errcode.PhaseConnect {
		return errcode.Wrap(errcode.DNSUnreachable, "the DNS server cannot be reached", err)
	}
	return err
}

// warm returns the reserved connection, or the idle one used last, or nil if there is
// none. It also closes connections that the peer has closed meanwhile; that is no
// attempt.
func (p *pool) warm(s *scratch) *conn {
	now := probe.Now()
	if c := s.reserved; c != nil {
		s.reserved = nil
		if c.fit(now) {
			return c
		}
		// The room of the connection goes to the one that is dialled instead: between Close
		// and the dial, another request could take it.
		s.permit.Hold(c.Stream.Yield())
		p.Close(c)
	}
	for {
		c := p.Pop()
		if c == nil || c.fit(now) {
			return c
		}
		p.Close(c)
	}
}
