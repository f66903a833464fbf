package wire

import (
	"context"
	"net"
	"net/netip"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// DialUDP makes a link of datagrams to the first address with a route. It sends nothing,
// and so finds out nothing about the peer. The link takes datagrams from that address and
// port alone. There is no proxy and no TLS. The caller has a permit, as with [Dialer.Dial].
// After an error the permit has been given back.
func (d *Dialer) DialUDP(ctx context.Context, r *probe.Result) (Link, error) {
	c, err := d.dialUDP(ctx, r, min(r.Deadline, probe.Now().Add(d.plan.ConnectTimeout)))
	if err != nil {
		d.plan.Connections.Release()
		return Link{}, err
	}
	l := NewLink(c, r.Deadline)
	l.Remote, l.Stream.ceiling = r.Remote, d.plan.Connections
	if d.plan.Clock == option.KernelClock {
		l.Stream.time()
	}
	if err := l.Stream.arm(); err != nil {
		l.Close(false)
		return Link{}, err
	}
	return l, nil
}

func (d *Dialer) dialUDP(ctx context.Context, r *probe.Result, deadline probe.Instant) (net.Conn, error) {
	addrs, err := d.addresses(ctx, r, deadline)
	if err != nil {
		return nil, err
	}
	// The look-up may have used up the time. A UDP socket opens without asking the peer, so
	// nothing later would notice.
	if probe.Now() >= deadline {
		return nil, context.DeadlineExceeded
	}
	r.Enter(errcode.PhaseConnect)
	dialer := d.net
	if source := d.plan.SourceAddress; source.IsValid() {
		dialer.LocalAddr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(source.Unmap(), 0))
	}
	var reason error
	for _, addr := range addrs {
		r.Remote = netip.AddrPortFrom(addr, d.next.port)
		c, err := dialer.DialContext(ctx, "udp", r.Remote.String())
		if r.Trace != nil {
			showSocket(r, c, err)
		}
		if err == nil {
			return c, nil
		}
		if reason == nil || isUnrouted(reason) {
			reason = err
		}
	}
	return nil, reason
}
