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

// Greeting begins the protocol over a socket, until its context ends. It owns the socket, and
// closes it if it fails. The cause of the context is [os.ErrDeadlineExceeded] when the time is
// over.
type Greeting func(ctx context.Context, c *Datagrams, cfg *tls.Config) error

// DialDatagrams opens a UDP socket to one address after the other, until a peer answers the
// greeting. It applies the same policy to the addresses as Dial does. Connect lasts until the
// first datagram of a peer has come; tls is the rest of the handshake. In QUIC both are one
// handshake: once a peer has answered, no other address is tried. If all addresses fail, the
// error is that of the first one with a route.
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
		// A peer that has answered is there: what it refused would be hidden if another
		// address were tried.
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

// greetAt greets the peer at r.Remote. The peer has until deadline to begin its answer, and
// from then on TLSTimeout to end the handshake.
func (d *Dialer) greetAt(ctx context.Context, r *probe.Result, deadline probe.Instant, greet Greeting) (*Datagrams, error) {
	socket, err := d.udp.DialContext(until{ctx, deadline}, "udp", r.Remote.String())
	if err != nil {
		return nil, SystemError(err)
	}
	// One timer has two uses, so that no handshake outlives its part of the time: first for
	// the beginning of the answer, and after the first datagram for the rest of the
	// handshake. The cause of the cancellation shows whether the timer or the caller ended it.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	expired := func() { cancel(os.ErrDeadlineExceeded) }
	limit := time.AfterFunc(deadline.Sub(probe.Now()), expired)
	defer limit.Stop()
	udp := socket.(*net.UDPConn) // package net returns this type for the network udp
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
// before it judges it.
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

// SystemError returns the system's error in err, or err if there is none. Package net adds the
// name of the network to its errors. It is left out: a failure of UDP means the same here as
// one of TCP.
func SystemError(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// newPacketDialer returns a dialer that makes UDP sockets as d makes those of TCP.
func newPacketDialer(d net.Dialer) net.Dialer {
	if tcp, ok := d.LocalAddr.(*net.TCPAddr); ok {
		d.LocalAddr = &net.UDPAddr{IP: tcp.IP, Zone: tcp.Zone}
	}
	return d
}

// Datagrams is a UDP socket connected to one address: it hears nobody else, and learns from
// ICMP if the address cannot be reached.
type Datagrams struct {
	*net.UDPConn

	batches *ipv4.PacketConn
	heard   atomic.Int64
	onFirst func(now probe.Instant)
	shown   atomic.Pointer[probe.TLSInfo]
	// timed means that the kernel says when datagrams arrive.
	timed bool
	// held, if set, is closed when the datagrams held back may be passed on. Whoever sends
	// early data sets it, and the reader of quic-go waits for it.
	held atomic.Pointer[chan struct{}]
	// clock turns the kernel's times into Instants. arrived is the arrival of the last
	// datagram read, 0 if the kernel did not say so. quic-go reads on one goroutine, and
	// streams look on others.
	clock   probe.WallClock
	arrived atomic.Int64
}

// Arrival returns the arrival of the last datagram read. Streams take it as the arrival of
// their bytes, since these have not come later.
func (c *Datagrams) Arrival() probe.Arrival {
	a := probe.Arrival{Asked: c.timed, Kernel: probe.Instant(c.arrived.Load())}
	a.Read = probe.Now()
	return a
}

// holdTime is the longest time to hold datagrams back. It passes only if nobody lets them go,
// for example if the session to resume has just run out.
const holdTime = time.Second

// Hold holds back the datagrams that come from now on, until LetGo, or for holdTime at
// most. Early data needs this: quic-go opens streams by the limits of the last session, and
// takes in new ones when the server answers. The stream for early data must be open before.
func (c *Datagrams) Hold() {
	gate := make(chan struct{})
	c.held.Store(&gate)
}

// LetGo passes on the datagrams held back, and all later ones.
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

// WriteTo writes to the address of the socket, whatever address it gets.
func (c *Datagrams) WriteTo(p []byte, _ net.Addr) (int, error) { return c.Write(p) }

// WriteMsgUDP writes to the address of the socket, whatever address it gets.
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
