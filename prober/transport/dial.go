package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"example.com/prober/errcode"
)

// errBlocked is what the dialer's control hook returns for an address that the
// network policy forbids.
var errBlocked = errcode.New(errcode.BlockedIP, "the address is not allowed by network.deny and network.allow")

// dial resolves the host, connects to the first address that answers, and does
// the TLS handshake where the scheme asks for it.
func (t *Transport) dial(ctx context.Context, r *Result) (*conn, error) {
	tcp, err := t.connect(ctx, r)
	if err != nil {
		return nil, err
	}
	c := newConn(t, newStream(tcp, r.Deadline), r.Remote)
	if t.tls == nil {
		return c, nil
	}
	if err := t.secure(c, r); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// connect tries the addresses of the host one after another. The error is that
// of the first, which the system's address selection prefers (RFC 6724).
func (t *Transport) connect(ctx context.Context, r *Result) (net.Conn, error) {
	deadline := min(r.Deadline, r.Start.Add(t.cfg.ConnectTimeout))
	ctx, cancel := context.WithDeadline(ctx, deadline.Time())
	defer cancel()
	addrs, err := t.resolve(ctx, r)
	if err != nil {
		return nil, err
	}
	r.enter(errcode.PhaseConnect)
	var first error
	for i, addr := range addrs {
		tcp, err := t.attempt(ctx, r, addr, share(deadline, len(addrs)-i))
		if err == nil {
			return tcp, nil
		}
		if first == nil {
			first = err
		}
		if errors.Is(err, context.Canceled) || Now() >= deadline {
			break
		}
	}
	return nil, first
}

// attempt connects to one address until deadline.
func (t *Transport) attempt(ctx context.Context, r *Result, addr netip.Addr, deadline Instant) (net.Conn, error) {
	r.Remote = netip.AddrPortFrom(addr, t.port)
	ctx, cancel := context.WithDeadline(ctx, deadline.Time())
	defer cancel()
	return t.dialer.DialContext(ctx, "tcp", r.Remote.String())
}

// share gives an attempt its part of the time that is left, so that one address
// that swallows packets leaves time for the others; with little time left an
// attempt gets at least what a handshake over a long path needs.
func share(deadline Instant, attempts int) Instant {
	const least = 250 * time.Millisecond
	now := Now()
	part := deadline.Sub(now) / time.Duration(attempts)
	return min(deadline, now.Add(max(part, least)))
}

// checkAddress holds the network policy against the address that is really
// dialled, after every look-up; a name cannot lead around it.
func (t *Transport) checkAddress(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return errBlocked
	}
	addr := target.Addr().Unmap().WithZone("")
	if len(t.cfg.Allow) > 0 && !contains(t.cfg.Allow, addr) || contains(t.cfg.Deny, addr) {
		return errBlocked
	}
	return nil
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
