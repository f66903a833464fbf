package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/probe"
)

// Plan has everything a dialer needs to know.
type Plan struct {
	option.Dial

	// URL names the target by its host and, unless its scheme is one of Ports, its port.
	URL   *url.URL
	Ports map[string]uint16
	// Secure asks for TLS with the target, and TLS says how. Protocols are offered by
	// ALPN, the best first.
	Secure    bool
	TLS       option.TLS
	Protocols []string
	// Certificates, unless nil, lets dialers share what is made of the same PEM.
	Certificates *Certificates
	// Connections bounds the open connections of all dialers that share it; nil bounds
	// nothing. Whoever dials has one of its permits. The link gives it back.
	Connections *probe.Ceiling

	// Proxy is the way to the target, if not the direct one. Forwards means that an HTTP
	// proxy takes requests for the target itself, instead of making a tunnel to it.
	Proxy    ProxyOptions
	Forwards bool
	// Silent means that nothing is sent over the links. Without TLS a target may speak as
	// soon as a link stands.
	Silent bool
	// Rules decide on each address really dialled, including those of a proxy and of
	// DNSServer, and on each address a proxy is told to dial. They also decide on the
	// names of the target, its proxy and its Aliases. The DNS servers of the system are
	// exempt.
	Rules policy.Rules
	// Aliases are other names for the target.
	Aliases []Alias
}

// Alias is another name for the target, and what it is, for the text of a failure.
type Alias struct{ What, Host string }

// Dialer makes the links to one target. It is safe for concurrent use.
type Dialer struct {
	plan Plan
	// target is the endpoint in the URL. next is the endpoint to dial: the target or the
	// proxy.
	target, next endpoint
	proxy        *proxy
	tls          *tls.Config                   // nil without TLS
	last         atomic.Pointer[probe.TLSInfo] // shown in the last handshake
	ipVersion    option.IPVersion
	lookup       lookup
	policy       policy.Policy
	// blocked is found once, since names do not change; each request fails with it.
	blocked error // the reason if nothing may be dialled
	reserve reserve
	net     net.Dialer
	udp     net.Dialer
}

// NewDialer compiles p. It fails if the URL or the TLS material cannot be used, or if two
// settings exclude each other.
func NewDialer(p Plan) (*Dialer, error) {
	target, err := newEndpoint(p.URL, p.Ports)
	if err != nil {
		return nil, err
	}
	d := &Dialer{
		plan:    p,
		target:  target,
		policy:  policy.New(p.Rules),
		reserve: newReserve(),
	}
	d.lookup = newLookup(p.DNSServer, d.policy)
	d.net = newNetDialer(d.policy, d.reserve, p.SourceAddress)
	d.udp = newPacketDialer(d.net)
	if err := d.route(); err != nil {
		return nil, err
	}
	d.blocked = d.blockedName()
	if p.Secure {
		if d.tls, err = compileTLS(p.TLS, d.target.host, p.Certificates); err != nil {
			return nil, err
		}
		d.tls.NextProtos = p.Protocols
	}
	d.plan.Certificates = nil // it belongs to the caller
	return d, nil
}

// route finds out what to dial, and how.
func (d *Dialer) route() error {
	var err error
	if d.ipVersion, err = familyOf(d.plan.SourceAddress, d.plan.IPVersion); err != nil {
		return err
	}
	if d.proxy, err = d.plan.Proxy.compile(d.plan.Forwards, d.target, d.plan.Certificates); err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	d.next = d.target
	switch {
	case d.proxy != nil && len(d.plan.Resolve) > 0:
		return errors.New("the addresses of a target behind a proxy cannot be given")
	case d.proxy != nil:
		d.next = d.proxy.endpoint
		d.proxy.greeted = d.plan.Silent && !d.plan.Secure
	case len(d.plan.Resolve) > 0:
		d.next.addrs = d.plan.Resolve
	}
	if len(d.next.addrs) > 0 {
		if d.next.addrs, err = arrange(d.ipVersion, d.next.addrs); err != nil {
			return err
		}
	}
	return nil
}

// Dial connects to the first address that answers and does all handshakes: with a proxy,
// and with the target if Plan asks for TLS. It notes in r the phases, the address and what
// TLS has shown. After an error nothing is open, and the permit has been given back.
func (d *Dialer) Dial(ctx context.Context, r *probe.Result) (Link, error) {
	deadline := min(r.Deadline, probe.Now().Add(d.plan.ConnectTimeout))
	tcp, err := d.connect(ctx, r, deadline)
	if err != nil {
		// No stream has taken the permit over, so nobody else gives it back.
		d.plan.Connections.Release()
		return Link{}, d.unmade(r, err)
	}
	l := NewLink(tcp, deadline)
	// From here on Close gives the permit back, whoever calls it.
	l.Remote, l.Stream.ceiling = r.Remote, d.plan.Connections
	if d.plan.Clock == option.KernelClock {
		l.Stream.time()
	}
	if err := d.establish(ctx, &l, r); err != nil {
		l.Close(false)
		return Link{}, err
	}
	l.Stream.Deadline = r.Deadline
	if err := l.Stream.arm(); err != nil {
		l.Close(false)
		return Link{}, err
	}
	return l, nil
}

// unmade returns what a failure to connect means. If the connection is reset now, it stood
// already: a moment later, a handshake or the exchange would have met the reset. The
// failure is the same, whichever of them meets it.
func (d *Dialer) unmade(r *probe.Result, err error) error {
	if !PeerHungUp(err) {
		return d.proxy.unreachable(err)
	}
	switch {
	case d.proxy == nil && d.tls != nil:
		r.Enter(errcode.PhaseTLS)
		return err
	case d.proxy == nil && d.plan.Silent:
		r.Opened = true
		return err
	case d.proxy == nil, d.proxy.forward && d.proxy.tls == nil:
		r.Enter(errcode.PhaseSend)
		r.Opened = true
		return err
	case d.proxy.tls != nil:
		return d.proxy.unreachable(err)
	default:
		return tunnelFailure(err)
	}
}

// establish does the handshakes with a proxy and for TLS. Without either there is nothing
// to end early, so ctx is not watched.
func (d *Dialer) establish(ctx context.Context, l *Link, r *probe.Result) error {
	if d.proxy == nil && d.tls == nil {
		return nil
	}
	// The handshakes are not given ctx: Abort ends their reads and writes early, and
	// otherwise the deadline of the stream does.
	stop := context.AfterFunc(ctx, l.Stream.Abort)
	defer stop()
	if err := d.proxy.negotiate(l, d.target, r.Trace); err != nil {
		return err
	}
	if d.tls == nil {
		return nil
	}
	return d.secure(l, r)
}

// Forwards reports whether requests go to an HTTP proxy itself. authorization is then
// their credentials for the proxy, or "".
func (d *Dialer) Forwards() (authorization string, ok bool) {
	if d.proxy == nil || !d.proxy.forward {
		return "", false
	}
	return d.proxy.authorization(), true
}

// IsProxied reports whether there is a proxy on the way.
func (d *Dialer) IsProxied() bool { return d.proxy != nil }

// Shown returns what the server has shown in the last handshake, nil if nothing.
func (d *Dialer) Shown() *probe.TLSInfo { return d.last.Load() }

// ClientCertificateNotAfter returns the end of validity of the dialer's own certificate,
// the zero time if it has none.
func (d *Dialer) ClientCertificateNotAfter() time.Time {
	if d.tls == nil || len(d.tls.Certificates) == 0 {
		return time.Time{}
	}
	return d.tls.Certificates[0].Leaf.NotAfter
}
