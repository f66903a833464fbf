package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// farm is the world outside of the daemon: listeners on loopback, each of which
// plays its part, with one ledger of what reached them.
type farm struct {
	ledger *ledger
	ca     *authority

	// owed and unread are requests that reached a server as it died: those that it had
	// read, and those that it had not.
	owed, unread atomic.Int64

	mu      sync.Mutex
	barns   []*barn
	closers []func()
	running sync.WaitGroup
}

// barn is a listener that can be shut, with everything in it, and opened again at
// the same address.
type barn struct {
	farm    *farm
	address string
	serve   func(net.Conn)

	mu    sync.Mutex
	ln    net.Listener // nil while it is shut
	lines map[*line]struct{}
	count int // of connections, ever, but for those whose handshake failed
	died  int // how often
}

func newFarm() (*farm, error) {
	ca, err := newAuthority()
	return &farm{ledger: newLedger(), ca: ca}, err
}

// open starts a listener that plays serve on each connection. What serve leaves
// open is ended as a server ends it that has said all.
func (f *farm) open(serve func(net.Conn)) (*barn, error) {
	return f.openAt("127.0.0.1:0", serve)
}

// openAt does the same at a given address.
func (f *farm) openAt(address string, serve func(net.Conn)) (*barn, error) {
	b := &barn{farm: f, serve: serve, address: address, lines: map[*line]struct{}{}}
	if err := b.raise(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.barns = append(f.barns, b)
	return b, nil
}

// openWeb starts the server of the standard library, which speaks HTTP/2 as well;
// without a certificate in clear text only. Its barn counts connections and no more.
func (f *farm) openWeb(cert *tls.Certificate, h http.HandlerFunc) (*barn, error) {
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &barn{farm: f, address: ln.Addr().String()}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), Protocols: new(http.Protocols)}
	s.ConnState = b.observe
	serve := func() error { return s.Serve(ln) }
	if cert == nil {
		s.Protocols.SetUnencryptedHTTP2(true)
	} else {
		s.Protocols.SetHTTP2(true)
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
		serve = func() error { return s.ServeTLS(ln, "", "") }
	}
	f.running.Go(func() { _ = serve() }) // returns when it is closed
	f.atClose(func() { _ = s.Close() })
	return b, nil
}

// atClose has stop called when the farm closes.
func (f *farm) atClose(stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closers = append(f.closers, stop)
}

// close ends everything and waits for it.
func (f *farm) close() {
	f.mu.Lock()
	barns, closers := f.barns, f.closers
	f.mu.Unlock()
	for _, b := range barns {
		b.raze()
	}
	for _, stop := range closers {
		stop()
	}
	f.running.Wait()
}

// raise opens the listener, for the first time or again.
func (b *barn) raise() error {
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

// kill ends the listener and all of its connections, as a server ends whose process
// is killed, but for what lines do so that nothing is read and not entered.
// Connections that the kernel has taken and nobody has accepted are reset.
func (b *barn) kill() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shut()
	b.died++
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

// connections returns how many there ever were.
func (b *barn) connections() int {
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

// admit takes in a connection; one that was accepted as the server died dies too.
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

func (b *barn) observe(_ net.Conn, state http.ConnState) {
	if state != http.StateNew {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
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

// nameOf returns the target that a request is of: the first part of its path.
func nameOf(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	name, _, _ = strings.Cut(name, "?")
	return name
}

// barnOf opens a listener when it is called.
func (f *farm) barnOf(serve func(net.Conn)) func() (*barn, string, error) {
	return func() (*barn, string, error) {
		b, err := f.open(serve)
		if err != nil {
			return nil, "", err
		}
		return b, b.address, nil
	}
}

// webOf does the same with the server of the standard library.
func (f *farm) webOf(cert *tls.Certificate) func() (*barn, string, error) {
	return func() (*barn, string, error) {
		b, err := f.openWeb(cert, f.handle)
		if err != nil {
			return nil, "", err
		}
		return b, b.address, nil
	}
}

func serverTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
}
