package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

// farm is the world outside the daemon: listeners on loopback, each with a part to play, and one ledger of all requests
// that reached them.
type farm struct {
	*stage

	ledger *ledger
	ca     tls.Certificate

	// owed and unread count requests that reached a server as it died: owed the requests that it had read, unread the
	// others.
	owed, unread atomic.Int64
	// askers counts the clients of DNS servers.
	askers atomic.Uint64

	running sync.WaitGroup
}

// barn is a listener. It can be closed with all its connections, and opened again at the same address.
type barn struct {
	farm    *farm
	address string
	serve   peers.Script
	site    *peers.Site  // serves in its place, if there is one
	packets packetServer // or this

	mu    sync.Mutex
	ln    net.Listener // nil while it is shut
	lines map[*line]struct{}
	count int // of connections, ever, but for those whose handshake failed
	died  int // how often
}

func newFarm(s *stage) *farm {
	f := &farm{stage: s, ledger: newLedger(), ca: certs.Issue(nil, certs.Authority)}
	s.Cleanup(f.running.Wait)
	return f
}

// issue makes a faultless certificate of a server.
func (f *farm) issue() tls.Certificate { return certs.Issue(&f.ca) }

// open starts a listener that plays serve on each connection. When serve returns, the listener ends the connection as a
// server does after its answer.
func (f *farm) open(serve peers.Script) *barn { return f.openAt("127.0.0.1:0", serve) }

// openAt does the same at a given address.
func (f *farm) openAt(address string, serve peers.Script) *barn {
	b := &barn{farm: f, serve: serve, address: address, lines: map[*line]struct{}{}}
	f.must(b.raise())
	f.Cleanup(b.raze)
	return b
}

// openWeb starts the server of the standard library. It also speaks HTTP/2; without a certificate it serves clear text
// only. Its barn only counts connections.
func (f *farm) openWeb(cert *tls.Certificate, h http.HandlerFunc) *barn {
	wire, cfg := peers.H2C, (*tls.Config)(nil)
	if cert != nil {
		wire, cfg = peers.HTTP2, peers.Showing(*cert)
	}
	site := peers.Serve(f, wire, h, cfg)
	return &barn{farm: f, address: site.Address(), site: site}
}

// url returns the root of a target. The first part of the path is the target's name.
func (b *barn) url(scheme, target string) string {
	return fmt.Sprintf("%s://%s/%s/", scheme, b.address, target)
}

// raise opens the listener, for the first time or again.
func (b *barn) raise() error {
	if b.packets != nil {
		return b.raisePackets()
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", b.address)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.ln, b.address = ln, ln.Addr().String()
	b.mu.Unlock()
	b.farm.running.Go(func() {
		for {
			c, err := ln.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				l := b.admit(c)
				b.farm.running.Go(func() { b.host(l) })
			}
		}
	})
	return nil
}

// kill ends the listener and all of its connections, as the kernel does for a killed server. Only the lines differ:
// they make sure that no request is read and not entered. The kernel resets connections that nobody has accepted.
func (b *barn) kill() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shut()
	b.died++
	if b.packets != nil {
		b.packets.kill()
	}
	for l := range b.lines {
		l.die()
	}
}

// raze ends the listener and all of its connections for good.
func (b *barn) raze() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shut()
	for l := range b.lines {
		_ = l.Close() // whatever comes of it
	}
}

func (b *barn) shut() {
	if b.ln != nil {
		b.ln.Close()
		b.ln = nil
	}
}

// connections returns the number of all connections so far.
func (b *barn) connections() int {
	switch {
	case b.site != nil:
		return int(b.site.Connections())
	case b.packets != nil:
		return b.packets.connections()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count
}

// deaths returns how often the server was killed.
func (b *barn) deaths() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.died
}

// admit takes in a connection. A connection that was accepted as the server died dies too.
func (b *barn) admit(c net.Conn) *line {
	l := &line{TCPConn: c.(*net.TCPConn), barn: b} //nolint:forcetypeassert // the listener is one of TCP
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines[l] = struct{}{}
	b.count++
	if b.ln == nil {
		l.die()
	}
	return l
}

func (b *barn) host(l *line) {
	defer func() {
		_ = l.Close() // whatever comes of it
		b.mu.Lock()
		delete(b.lines, l)
		b.mu.Unlock()
	}()
	_ = l.SetDeadline(time.Now().Add(10 * time.Minute)) // so that nothing outlives the gauntlet
	b.serve(l)
}

// nameOf returns the target of a request: the first part of its path.
func nameOf(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	name, _, _ = strings.Cut(name, "?")
	return name
}
