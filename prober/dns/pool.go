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

	// dial makes a link for which the request has the permit.
	dial        func(context.Context, *probe.Result) (wire.Link, error)
	most        int // requests for each connection; 0 means no limit
	connections *probe.Ceiling
	datagrams   bool // each message is a datagram
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
