// Package peers has peers for the tests of this module: servers, proxies and name servers, well behaved and badly
// behaved ones. A peer lives on loopback and ends with its test.
package peers

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"example.com/prober/internal/peers/certs"
)

// T is the part of a test that a peer needs. The types of package testing implement it.
type T interface {
	Helper()
	Context() context.Context
	Cleanup(end func())
	Errorf(format string, args ...any)
	FailNow()
}

// must ends the test if its setup fails.
func must(t T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("a peer cannot be set up: %v", err)
		t.FailNow()
	}
}

// Script plays the peer's side of one connection. The connection is closed when it returns.
type Script func(c net.Conn)

// Peer is a TCP server that hands each connection to a script.
type Peer struct {
	net.Listener

	serving  sync.WaitGroup
	mu       sync.Mutex
	accepted int
	open     map[net.Conn]struct{}
	ended    bool
}

// Listen plays script on each connection to a port of loopback, on a goroutine of its own, until the test ends. Then it
// ends all connections and waits for the scripts.
func Listen(t T, script Script) *Peer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return ServeOn(t, ln, script)
}

// ServeOn is [Listen] on an existing listener.
func ServeOn(t T, ln net.Listener, script Script) *Peer {
	t.Helper()
	p := &Peer{Listener: ln, open: map[net.Conn]struct{}{}}
	t.Cleanup(p.end)
	p.serving.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			p.admit(c)
			p.serving.Go(func() {
				defer p.dismiss(c)
				script(c)
			})
		}
	})
	return p
}

func (p *Peer) admit(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted++
	p.open[c] = struct{}{}
	if p.ended {
		_ = c.Close() // it was accepted while end closed the others
	}
}

func (p *Peer) dismiss(c net.Conn) {
	_ = c.Close() // the script may have closed it
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

func (p *Peer) end() {
	_ = p.Close() // the test may have closed it
	p.mu.Lock()
	p.ended = true
	for c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.serving.Wait()
}

// Address returns the address of the peer.
func (p *Peer) Address() string { return p.Addr().String() }

// Connections returns the number of connections so far.
func (p *Peer) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// URL returns the root of the peer.
func (p *Peer) URL(scheme string) *url.URL {
	return &url.URL{Scheme: scheme, Host: p.Address(), Path: "/"}
}

// Named returns its root with a name in place of its address.
func (p *Peer) Named(scheme, name string) *url.URL {
	_, port, _ := net.SplitHostPort(p.Address()) // as net has joined them
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(name, port), Path: "/"}
}

// Dial connects to a peer until the test ends.
func Dial(t T, network, address string) net.Conn {
	t.Helper()
	return dial(t, new(net.Dialer), network, address)
}

func dial(t T, d *net.Dialer, network, address string) net.Conn {
	t.Helper()
	c, err := d.DialContext(t.Context(), network, address)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ClosedPort returns an address of loopback without a listener for TCP: the near end of a connection. No process can
// listen there while the test runs.
func ClosedPort(t T) string {
	t.Helper()
	// A port that the system picks only while it connects could also be picked for the client of the test. This client
	// would then connect to itself.
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	return dial(t, &d, "tcp", Listen(t, Silence).Address()).LocalAddr().String()
}

// ClosedPacketPort is [ClosedPort] for UDP: the socket on the port takes datagrams from one peer alone.
func ClosedPacketPort(t T) string {
	t.Helper()
	return Dial(t, "udp", "127.0.0.1:9").LocalAddr().String()
}

// WriteCertificate writes a certificate and its key into a folder as NAME.pem and
// NAME-key.pem, and returns their paths.
func WriteCertificate(t T, dir, name string, c tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+"-key.pem")
	must(t, os.WriteFile(certFile, certs.PEM(c), 0o600))
	must(t, os.WriteFile(keyFile, certs.KeyPEM(c), 0o600))
	return certFile, keyFile
}
