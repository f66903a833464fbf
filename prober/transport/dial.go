package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/policy"
	"example.com/prober/prober/probe"
)

// endpoint is where a connection leads: the target, or the proxy before it.
type endpoint struct {
	host string
	port uint16
	// addrs are known without a look-up: from the URL or from the configuration.
	addrs []netip.Addr
}

// newEndpoint takes host and port from u, the port from ports where u has none.
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
	case policy.EndsInNumber(e.host):
		return endpoint{}, errcode.New(errcode.InvalidURL, "the host is not a valid IPv4 address")
	case !policy.IsASCII(e.host):
		return endpoint{}, errcode.New(errcode.InvalidURL, "the host is not in its xn-- form")
	}
	return e, nil
}

// webEndpoint returns where the requests to u go.
func webEndpoint(u *url.URL) (endpoint, error) {
	return newEndpoint(u, map[string]uint16{"http": 80, "https": 443})
}

// route finds out what to dial, and how.
func (t *Transport) route() error {
	var err error
	if t.ipVersion, err = familyOf(t.cfg.SourceAddress, t.cfg.IPVersion); err != nil {
		return err
	}
	if t.proxy, err = t.cfg.Proxy.compile(t.cfg.URL.Scheme, t.target); err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	t.next = t.target
	switch {
	case t.proxy != nil && len(t.cfg.Resolve) > 0:
		return errors.New("the addresses of a target behind a proxy cannot be given")
	case t.proxy != nil:
		t.next = t.proxy.endpoint
	case len(t.cfg.Resolve) > 0:
		t.next.addrs = t.cfg.Resolve
	}
	if len(t.next.addrs) > 0 {
		if t.next.addrs, err = t.ipVersion.arrange(t.next.addrs); err != nil {
			return err
		}
	}
	return nil
}

// newDialer returns the dialer for targets and proxies. It enforces the policy.
func newDialer(p policy.Policy, spare reserve, source netip.Addr) net.Dialer {
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
func familyOf(source netip.Addr, v IPVersion) (IPVersion, error) {
	switch source = source.Unmap(); {
	case !source.IsValid():
		return v, nil
	case !v.allows(source):
		return v, errors.New("the source address is not of the wanted IP family")
	case source.Is4():
		return OnlyIPv4, nil
	default:
		return OnlyIPv6, nil
	}
}

// authority returns host:port as a proxy is told it.
func (e endpoint) authority() string {
	host, _, _ := strings.Cut(e.host, "%") // a zone means something on this host only
	return net.JoinHostPort(host, strconv.Itoa(int(e.port)))
}

// dial connects to the first address that answers and does whatever handshakes
// there are: with a proxy, and with the target where the scheme asks for TLS.
func (t *Transport) dial(ctx context.Context, r *probe.Result) (*conn, error) {
	if err := t.permit(ctx, r); err != nil {
		return nil, err
	}
	deadline := min(r.Deadline, probe.Now().Add(t.cfg.ConnectTimeout))
	tcp, err := t.connect(ctx, r, deadline)
	if err != nil {
		t.cfg.Connections.Release()
		return nil, t.unmade(r, err)
	}
	c := newConn(t, newStream(tcp, deadline), r.Remote)
	c.stream.ceiling = t.cfg.Connections
	c.place = probe.Place{Ceiling: t.cfg.Connections, Of: c}
	if err := t.establish(ctx, c, r); err != nil {
		c.close()
		return nil, err
	}
	c.stream.deadline = r.Deadline
	if err := c.stream.arm(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// unmade returns what a failure to connect means. What is reset now stood already: if
// the reset had come a moment later, a handshake or the exchange would have met it. It
// is the same failure, whichever of them does.
func (t *Transport) unmade(r *probe.Result, err error) error {
	if !peerHungUp(err) {
		return t.proxy.unreachable(err)
	}
	switch {
	case t.proxy == nil && t.tls != nil:
		r.Enter(errcode.PhaseTLS)
		return err
	case t.proxy == nil, t.proxy.forward && t.proxy.tls == nil:
		r.Enter(errcode.PhaseSend)
		r.Opened = true
		return err
	case t.proxy.tls != nil:
		return t.proxy.unreachable(err)
	default:
		return tunnelFailure(err)
	}
}

// establish does the handshakes with a proxy and for TLS.
func (t *Transport) establish(ctx context.Context, c *conn, r *probe.Result) error {
	if t.proxy == nil && t.tls == nil {
		return nil
	}
	stop := context.AfterFunc(ctx, c.stream.Abort)
	defer stop()
	if err := t.proxy.negotiate(c, t.target); err != nil {
		return err
	}
	if t.tls == nil {
		return nil
	}
	return t.secure(c, r)
}

// connect tries the addresses one after another until deadline. The error is
// that of the first one to which there is a route.
func (t *Transport) connect(ctx context.Context, r *probe.Result, deadline probe.Instant) (net.Conn, error) {
	addrs, err := t.addresses(ctx, r, deadline)
	if err != nil {
		return nil, err
	}
	r.Enter(errcode.PhaseConnect)
	var reason error
	for i, addr := range addrs {
		tcp, err := t.attempt(ctx, r, addr, share(deadline, len(addrs)-i))
		if err == nil || peerHungUp(err) { // which has happened to a connection that stood
			return tcp, err
		}
		if reason == nil || isUnrouted(reason) {
			reason = err
		}
		if errors.Is(err, context.Canceled) || probe.Now() >= deadline {
			break
		}
	}
	return nil, reason
}

// addresses returns where to connect to. All that is done for the sake of a
// proxy belongs to the phase connect, the look-up of its name included.
func (t *Transport) addresses(ctx context.Context, r *probe.Result, deadline probe.Instant) ([]netip.Addr, error) {
	if t.proxy != nil {
		r.Enter(errcode.PhaseConnect)
		if err := t.checkTarget(); err != nil {
			return nil, err
		}
	}
	if t.proxy == nil && (t.blocked != nil || len(t.next.addrs) == 0) {
		r.Enter(errcode.PhaseResolve)
	}
	if t.blocked != nil {
		return nil, t.blocked
	}
	if len(t.next.addrs) > 0 {
		return t.next.addrs, nil
	}
	ctx, cancel := context.WithDeadline(ctx, deadline.Time())
	defer cancel()
	return t.resolve(ctx, t.next.host)
}

// checkTarget holds the policy against a target behind a proxy where its address
// stands in the URL; a name is the proxy's to resolve.
func (t *Transport) checkTarget() error {
	for _, addr := range t.target.addrs {
		if err := checkAddr(t.policy, addr); err != nil {
			return err
		}
	}
	return nil
}

// attempt connects to one address until deadline.
func (t *Transport) attempt(ctx context.Context, r *probe.Result, addr netip.Addr, deadline probe.Instant) (net.Conn, error) {
	r.Remote = netip.AddrPortFrom(addr, t.next.port)
	if c, handled, err := t.connectTCP(ctx, r.Remote, deadline); handled {
		return c, err
	}
	return t.dialer.DialContext(until{ctx, deadline}, "tcp", r.Remote.String())
}

// until is a context whose deadline starts no timer: package net leaves it to the poller
// to end an attempt at that time.
type until struct {
	context.Context //nolint:containedctx // it is a context itself

	deadline probe.Instant
}

// Deadline overrides that of the context.
func (u until) Deadline() (time.Time, bool) { return u.deadline.Time(), true }

// Done is never nil: package net heeds the deadline only of a context that can end.
func (u until) Done() <-chan struct{} {
	if done := u.Context.Done(); done != nil {
		return done
	}
	return make(chan struct{})
}

// share gives an attempt its part of the time that is left, so that one address
// that swallows packets leaves time for the others; with little time left an
// attempt gets at least what a handshake over a long path needs.
func share(deadline probe.Instant, attempts int) probe.Instant {
	const least = 250 * time.Millisecond
	now := probe.Now()
	part := deadline.Sub(now) / time.Duration(attempts)
	return min(deadline, now.Add(max(part, least)))
}

// isUnrouted tells whether an attempt failed because this host has no way to the
// address, as to any of a family that it does not have. That says less about the
// target than the failure of another address.
func isUnrouted(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL)
}
