package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/probe"
)

// endpoint is the destination of a connection: the target, or the proxy before it.
type endpoint struct {
	host string
	port uint16
	// addrs are known without a look-up: from the URL or from the configuration.
	addrs []netip.Addr
}

// newEndpoint takes host and port from u. If u has no port, it comes from ports.
func newEndpoint(u *url.URL, ports map[string]uint16) (endpoint, error) {
	standard, known := ports[u.Scheme]
	if !known {
		return endpoint{}, errcode.New(errcode.InvalidURL, "the scheme of the URL is not supported")
	}
	e := endpoint{host: u.Hostname(), port: standard}
	if e.host == "" {
		return endpoint{}, errcode.New(errcode.InvalidURL, "the URL has no host")
	}
	if u.Port() != "" {
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || port == 0 {
			return endpoint{}, errcode.New(errcode.InvalidURL, "the port must be 1 to 65535")
		}
		e.port = uint16(port)
	}
	switch addr, err := netip.ParseAddr(e.host); {
	case err == nil:
		e.addrs = []netip.Addr{addr}
	// Some resolvers read 127.1 or 0x7f000001 as an address, and the checks of names would
	// take it for a name.
	case policy.EndsInNumber(e.host):
		return endpoint{}, errcode.New(errcode.InvalidURL, "the host is not a valid IPv4 address")
	case !policy.IsASCII(e.host):
		return endpoint{}, errcode.New(errcode.InvalidURL, "the host is not in its xn-- form")
	}
	return e, nil
}

// newNetDialer returns the dialer for the cases left to package net. It enforces the
// policy.
func newNetDialer(p policy.Policy, spare reserve, source netip.Addr) net.Dialer {
	control := controlOf(p)
	d := net.Dialer{
		ControlContext: func(ctx context.Context, network, address string, c syscall.RawConn) error {
			if err := control(ctx, network, address, c); err != nil {
				return err
			}
			return spare.keep(c)
		},
		KeepAlive: -1, // deadlines find dead peers sooner
	}
	if source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source.Unmap(), 0))
	}
	return d
}

// familyOf narrows v to the family of the source address, if there is one.
func familyOf(source netip.Addr, v option.IPVersion) (option.IPVersion, error) {
	switch source = source.Unmap(); {
	case !source.IsValid():
		return v, nil
	case !allows(v, source):
		return v, errors.New("the source address is not of the wanted IP family")
	case source.Is4():
		return option.OnlyIPv4, nil
	default:
		return option.OnlyIPv6, nil
	}
}

// Authority returns the host and the port of u, as a request names them, or why nothing
// can be dialled by it. If u has no port, it comes from ports by the scheme.
func Authority(u *url.URL, ports map[string]uint16) (string, error) {
	e, err := newEndpoint(u, ports)
	if err != nil {
		return "", err
	}
	return e.authority(), nil
}

// authority returns host:port in the form for a proxy.
func (e endpoint) authority() string {
	host, _, _ := strings.Cut(e.host, "%") // a zone means something on this host only
	return net.JoinHostPort(host, strconv.Itoa(int(e.port)))
}

// connect tries the addresses one after another until deadline. The error is that of the
// first address with a route.
func (d *Dialer) connect(ctx context.Context, r *probe.Result, deadline probe.Instant) (net.Conn, error) {
	addrs, err := d.addresses(ctx, r, deadline)
	if err != nil {
		return nil, err
	}
	r.Enter(errcode.PhaseConnect)
	var reason error
	for i, addr := range addrs {
		tcp, err := d.attempt(ctx, r, addr, share(deadline, len(addrs)-i))
		if r.Trace != nil {
			showAttempt(r, tcp, err)
		}
		if err == nil || PeerHungUp(err) { // the connection stood before
			return tcp, err
		}
		if reason == nil || isUnrouted(reason) {
			reason = err
		}
		// Another address would fail at once for the same reason.
		if errors.Is(err, context.Canceled) || probe.Now() >= deadline {
			break
		}
	}
	return nil, reason
}

// addresses returns the addresses to connect to. Everything done for a proxy belongs to
// the phase connect, including the look-up of its name.
func (d *Dialer) addresses(ctx context.Context, r *probe.Result, deadline probe.Instant) ([]netip.Addr, error) {
	if d.proxy != nil {
		r.Enter(errcode.PhaseConnect)
		if err := d.checkTarget(); err != nil {
			return nil, err
		}
	}
	if d.proxy == nil && (d.blocked != nil || len(d.next.addrs) == 0) {
		r.Enter(errcode.PhaseResolve)
	}
	if d.blocked != nil {
		return nil, d.blocked
	}
	if r.Trace != nil {
		ctx = d.showSource(ctx, r)
	}
	if len(d.next.addrs) > 0 {
		return d.next.addrs, nil
	}
	ctx, cancel := context.WithDeadline(ctx, deadline.Time())
	defer cancel()
	addrs, err := d.resolve(ctx, d.next.host)
	if r.Trace != nil {
		showAddresses(r, addrs, err)
	}
	return addrs, err
}

// checkTarget applies the policy to a target behind a proxy if its address stands in the
// URL; a name is the proxy's to resolve.
func (d *Dialer) checkTarget() error {
	for _, addr := range d.target.addrs {
		if err := checkAddr(d.policy, addr); err != nil {
			return err
		}
	}
	return nil
}

// attempt connects to one address until deadline.
func (d *Dialer) attempt(ctx context.Context, r *probe.Result, addr netip.Addr, deadline probe.Instant) (net.Conn, error) {
	r.Remote = netip.AddrPortFrom(addr, d.next.port)
	if r.Trace != nil {
		r.Trace.Notef("connecting to %s over TCP", r.Remote)
	}
	if c, handled, err := d.connectTCP(ctx, r.Remote, deadline); handled {
		return c, err
	}
	return d.net.DialContext(until{ctx, deadline}, "tcp", r.Remote.String())
}

// until is a context with a deadline that starts no timer: package net leaves it to the
// poller to end an attempt at that time.
type until struct {
	context.Context //nolint:containedctx // it is a context itself

	deadline probe.Instant
}

// Deadline overrides that of the context.
func (u until) Deadline() (time.Time, bool) { return u.deadline.Time(), true }

// Done is never nil: package net heeds the deadline of a context only if the context can
// end.
func (u until) Done() <-chan struct{} {
	if done := u.Context.Done(); done != nil {
		return done
	}
	return make(chan struct{})
}

// share gives an attempt its part of the time left. So an address that swallows packets
// leaves time for the others. With little time left, an attempt gets at least what a
// handshake over a long path needs.
func share(deadline probe.Instant, attempts int) probe.Instant {
	const least = 250 * time.Millisecond
	now := probe.Now()
	part := deadline.Sub(now) / time.Duration(attempts)
	return min(deadline, now.Add(max(part, least)))
}

// isUnrouted reports whether an attempt failed because this host has no way to the
// address, or lacks its whole family. That says less about the target than the failure of
// another address.
func isUnrouted(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL)
}
