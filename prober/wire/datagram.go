package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// Greeting begins what is spoken over a socket, until its context ends. It owns the socket,
// and closes it if it fails. The context ends with [os.ErrDeadlineExceeded] as its cause
// when the time is over.
type Greeting func(ctx context.Context, c *Datagrams, cfg *tls.Config) error

// DialDatagrams opens a UDP socket to one address after the other, until a peer answers the
// greeting, and holds the same policy against the addresses as Dial does. Connect lasts
// until the first datagram of a peer has come; tls is the rest of the handshake. Both are one
// handshake in QUIC, and a peer that has answered gets no substitute.
func (d *Dialer) DialDatagrams(ctx context.Context, r *probe.Result, greet Greeting) error {
	deadline := min(r.Deadline, probe.Now().Add(d.plan.ConnectTimeout))
	addrs, err := d.addresses(ctx, r, deadline)
	if err != nil {
		return err
	}
	r.Enter(errcode.PhaseConnect)
	var reason error
	for i, addr := range addrs {
		r.Remote = netip.AddrPortFrom(addr, d.next.port)
		if r.Trace != nil {
			r.Trace.Notef("connecting to %s over QUIC, with TLS for %q, offering %s", r.Remote, d.tls.ServerName, offers(d.tls))
		}
		c, err := d.greetAt(ctx, r, share(deadline, len(addrs)-i), greet)
		if r.Trace != nil {
			showGreeting(r, c, err)
		}
		if c != nil && c.Heard() != 0 {
			r.EnterAt(errcode.PhaseTLS, max(c.Heard(), r.Since()))
		}
		if err == nil || r.Current() == errcode.PhaseTLS {
			return err
		}
		if reason == nil || isUnrouted(reason) {
			reason = err
		}
		if errors.Is(err, context.Canceled) || probe.Now() >= deadline {
			break
		}
	}
	return reason
}

// greetAt greets the peer at r.Remote, which has until deadline to begin its answer, and
// TLSTimeout from then on to end the handshake.
func (d *Dialer) greetAt(ctx context.Context, r *probe.Result, deadline probe.Instant, greet Greeting) (*Datagrams, error) {
	socket, err := d.udp.DialContext(until{ctx, deadline}, "udp", r.Remote.String())
	if err != nil {
		return nil, SystemError(err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	expired := func() { cancel(os.ErrDeadlineExceeded) }
	limit := time.AfterFunc(deadline.Sub(probe.Now()), expired)
	defer limit.Stop()
	udp := socket.(*net.UDPConn) // as package net has it for this network
	c := &Datagrams{UDPConn: udp, batches: ipv4.NewPacketConn(udp)}
	c.timed = d.plan.Clock == option.KernelClock && timeArrivals(udp)
	c.onFirst = func(now probe.Instant) {
		limit.Reset(min(r.Deadline, now.Add(d.plan.TLSTimeout)).Sub(now))
	}
	err = greet(ctx, c, d.recording(c, r.Trace))
	if info := c.Shown(); info != nil {
		r.TLS = info
	}
	return c, err
}

// recording returns the configuration of a handshake that notes what the server has shown
// before it judges that.
func (d *Dialer) recording(c *Datagrams, trace *probe.Trace) *tls.Config {
	cfg := d.tls.Clone()
	verify := cfg.VerifyConnection
	cfg.VerifyConnection = func(state tls.ConnectionState) error {
		if info := describe(state); info != nil {
			info.Unverified = d.plan.TLS.InsecureSkipVerify
			c.shown.Store(info)
			d.last.Store(info)
		}
		var err error
		if verify != nil {
			err = verify(state)
		}
		if trace != nil {
			showHandshake(trace, state, cfg, err)
			showVerdict(trace, cfg, verify != nil, err)
		}
		return err
	}
	return cfg
}

// SystemError returns the system's error in err without the network that package net names
// in it: a failure of UDP means here what one of TCP does. It is err if there is none.
func SystemError(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// newPacketDialer returns what makes the sockets of UDP as d makes those of TCP.
func newPacketDialer(d net.Dialer) net.Dialer {
	if tcp, ok := d.LocalAddr.(*net.TCPAddr); ok {
		d.LocalAddr = &net.UDPAddr{IP: tcp.IP, Zone: tcp.Zone}
	}
	return d
}

// Datagrams is a UDP socket that is connected to one address: it hears nobody else, and
// learns from ICMP that the address cannot be reached.
type Datagrams struct {
	*net.UDPConn

	batches *ipv4.PacketConn
	heard   atomic.Int64
	onFirst func(now probe.Instant)
	shown   atomic.Pointer[probe.TLSInfo]
	// timed means that the kernel says when datagrams arrive, clock turns that into Instants,
	// and arrived is the arrival of the last one that was read, 0 if the kernel did not say so.
	timed bool
	// held, if set, is closed when datagrams may be passed on that have come.
	held    atomic.Pointer[chan struct{}]
	clock   probe.WallClock
	arrived atomic.Int64
}

// Arrival returns the arrival of the last datagram that was read. Streams have it as that of
// what they hold, which has not come later.
func (c *Datagrams) Arrival() probe.Arrival {
	a := probe.Arrival{Asked: c.timed, Kernel: probe.Instant(c.arrived.Load())}
	a.Read = probe.Now()
	return a
}

// holdTime is how long datagrams are held back at most. It passes only where nobody lets them
// go, as when the session that was to be resumed has just run out.
const holdTime = time.Second

// Hold holds datagrams back that come from now on, until LetGo, or for a moment at most.
func (c *Datagrams) Hold() {
	gate := make(chan struct{})
	c.held.Store(&gate)
}

// LetGo passes on what was held back, and all that comes later.
func (c *Datagrams) LetGo() {
	if gate := c.held.Swap(nil); gate != nil {
		close(*gate)
	}
}

// pass waits until datagrams may be passed on.
func (c *Datagrams) pass() {
	gate := c.held.Load()
	if gate == nil {
		return
	}
	limit := time.NewTimer(holdTime)
	defer limit.Stop()
	select {
	case <-*gate:
	case <-limit.C:
		c.LetGo()
	}
}

// note notes when the last of some messages arrived.
func (c *Datagrams) note(last *ipv4.Message) {
	if !c.timed {
		return
	}
	var at probe.Instant
	if wall, ok := stampIn(last.OOB[:last.NN]); ok {
		at = c.clock.Arrival(wall).Kernel
	}
	c.arrived.Store(int64(at))
}

// Shown returns what the server has shown in the handshake, nil if nothing yet.
func (c *Datagrams) Shown() *probe.TLSInfo { return c.shown.Load() }

// Heard returns when the first datagram came, 0 while none has.
func (c *Datagrams) Heard() probe.Instant { return probe.Instant(c.heard.Load()) }

// hear notes that a datagram has come.
func (c *Datagrams) hear() {
	now := probe.Now()
	if c.heard.CompareAndSwap(0, int64(now)) {
		c.onFirst(now)
	}
}

// ReadFrom notes the first datagram.
func (c *Datagrams) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.UDPConn.ReadFrom(p)
	if err == nil {
		c.hear()
		c.pass()
	}
	return n, from, err
}

// WriteTo writes to the address of the socket, whatever it is told.
func (c *Datagrams) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }

// WriteMsgUDP writes to the address of the socket, whatever it is told.
func (c *Datagrams) WriteMsgUDP(p, oob []byte, _ *net.UDPAddr) (n, oobn int, err error) {
	return c.UDPConn.WriteMsgUDP(p, oob, nil)
}

// ReadBatch notes the first datagram.
func (c *Datagrams) ReadBatch(messages []ipv4.Message, flags int) (int, error) {
	n, err := c.batches.ReadBatch(messages, flags)
	if n > 0 {
		c.note(&messages[n-1])
		c.hear()
		c.pass()
	}
	return n, err
}
