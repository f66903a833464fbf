package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"gopkg.in/yaml.v3"

	"example.com/prober/demo"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

// host implements the test interface that package peers wants.
type host struct {
	ctx context.Context //nolint:containedctx // it lives as long as the run
	err error
	end []func()
}

func (h *host) Helper()                  {}
func (h *host) Context() context.Context { return h.ctx }
func (h *host) Cleanup(end func())       { h.end = append(h.end, end) }
func (h *host) Errorf(format string, args ...any) {
	h.err = errors.Join(h.err, fmt.Errorf(format, args...))
}
func (h *host) FailNow() { runtime.Goexit() }

// mood is the behaviour of the servers of a world.
type mood int32

const (
	calm mood = iota
	failing
	slow
	breaking
	moods
)

// world is the set of servers for the daemon: the misbehaving server of the demo, and servers with changing behaviour
// and renewed certificates.
type world struct {
	host
	dir     string // of the configuration and its files
	demo    *demo.Server
	mood    atomic.Int32
	shown   atomic.Pointer[tls.Certificate]
	targets []map[string]any // all possible targets
}

// shownName is the name in the certificates.
const shownName = "soak.test"

// newWorld starts the servers and makes up the targets.
func newWorld(ctx context.Context, dir string, targets int) (*world, error) {
	w := &world{host: host{ctx: ctx}, dir: dir}
	if err := w.renew(); err != nil {
		return nil, err
	}
	var err error
	if w.demo, err = demo.Start(); err != nil {
		return nil, err
	}
	w.Cleanup(func() { _ = w.demo.Close() }) // the run is over
	set := make(chan struct{})
	go func() { // a peer that cannot be set up ends it
		defer close(set)
		w.moody()
	}()
	<-set
	if w.err == nil {
		w.err = w.ofDemo(targets)
	}
	if w.err != nil {
		w.close()
	}
	return w, w.err
}

func (w *world) close() {
	for _, end := range slices.Backward(w.end) {
		end()
	}
}

// renew replaces the certificate of the servers by one of a new authority, and the files of the targets. Until the
// daemon has read them, handshakes fail.
func (w *world) renew() error {
	authority := certs.Issue(nil, certs.Authority)
	shown := certs.Issue(&authority, certs.For(shownName))
	own := certs.Issue(&authority, certs.ForClients)
	for name, content := range map[string][]byte{
		"authority.pem": certs.PEM(authority), "client.pem": certs.PEM(own), "client.key": certs.KeyPEM(own),
	} {
		if err := replace(filepath.Join(w.dir, name), content); err != nil {
			return err
		}
	}
	w.shown.Store(&shown)
	return nil
}

// replace writes a file as a renewal of certificates does: nobody ever reads half of it.
func replace(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// each is the number of targets for each kind of server with changing behaviour.
const each = 12

// moody starts the servers with changing behaviour, and makes up their targets.
func (w *world) moody() {
	renewed := func() *tls.Config {
		return &tls.Config{ClientAuth: tls.RequestClientCert, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return w.shown.Load(), nil }}
	}
	secured := map[string]any{"server_name": shownName, "ca_file": "authority.pem", "cert_file": "client.pem", "key_file": "client.key"}
	for _, kind := range []struct {
		name    string
		wire    peers.Wire
		version string
	}{{"http1", peers.HTTP1, "1.1"}, {"https1", peers.HTTP1TLS, "1.1"}, {"http2", peers.HTTP2, "2"}, {"h2c", peers.H2C, "h2c"}, {"http3", peers.HTTP3, "3"}} {
		connection := map[string]any{"http_version": kind.version}
		var site *peers.Site
		if kind.wire == peers.HTTP1 || kind.wire == peers.H2C {
			site = peers.Serve(w, kind.wire, w.answer)
		} else {
			site = peers.Serve(w, kind.wire, w.answer, renewed())
			connection["tls"] = secured
		}
		w.add(kind.name, site.URL+"/soak", map[string]any{"connection": connection})
	}
	w.add("tcp", "tcp://"+peers.Listen(w, w.script).Address(), nil)
	w.add("tls", "tls://"+peers.Listen(w, peers.Within(renewed(), w.script)).Address(), map[string]any{"connection": map[string]any{"tls": secured}})
	names := peers.Addresses("192.0.2.1", "192.0.2.2")
	server := peers.NameServer(w, func(query []byte) []byte {
		switch mood(w.mood.Load()) {
		case failing:
			return peers.NoNames(2)(query) // SERVFAIL
		case breaking:
			return nil
		default:
			return names(query)
		}
	})
	w.add("dns", "dns://"+server, map[string]any{"dns": map[string]any{"name": "soak.test"}})
}

// add makes up targets of one kind.
func (w *world) add(kind, url string, keys map[string]any) {
	for i := range each {
		target := map[string]any{
			"name": fmt.Sprintf("%s-%d", kind, i), "url": url, "interval": "5s", "timeout": "2s",
			"burst": map[string]any{"requests": 5, "rate": 10, "concurrency": 5},
		}
		for key, value := range keys {
			target[key] = value
		}
		w.targets = append(w.targets, target)
	}
}

// answer answers a request over HTTP by the mood.
func (w *world) answer(to http.ResponseWriter, r *http.Request) {
	switch m := mood(w.mood.Load()); {
	case m == failing && rand.IntN(3) > 0:
		to.WriteHeader(http.StatusServiceUnavailable)
	case m == breaking && rand.IntN(2) > 0:
		panic(http.ErrAbortHandler)
	case m == slow:
		select {
		case <-r.Context().Done():
		case <-time.After(time.Duration(rand.IntN(3000)) * time.Millisecond):
		}
	}
	_, _ = io.WriteString(to, strings.Repeat("well ", 200)) // the daemon may have had enough
}

// script plays the peer of a bare connection by the mood.
func (w *world) script(c net.Conn) {
	if mood(w.mood.Load()) == breaking {
		peers.Reset(c)
		return
	}
	peers.Silence(c)
}

// ofDemo adds the targets of the demo, and again under other names until there are enough.
func (w *world) ofDemo(targets int) error {
	path, err := w.demo.WriteConfig(w.dir)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file struct{ Targets []map[string]any }
	if err := yaml.Unmarshal(text, &file); err != nil {
		return err
	}
	for turn := 1; len(w.targets) < targets; turn++ {
		for _, of := range file.Targets {
			if len(w.targets) == targets {
				break
			}
			target := map[string]any{}
			for key, value := range of {
				target[key] = value
			}
			if turn > 1 {
				target["name"] = fmt.Sprintf("%s/%d", of["name"], turn)
			}
			w.targets = append(w.targets, target)
		}
	}
	return nil
}

// configure writes the configuration: a discovery, and all targets except a few. number chooses the missing ones.
func (w *world) configure(number int) (path string, err error) {
	var targets []map[string]any
	for i, t := range w.targets {
		if (i+number)%20 != 0 || number == 0 {
			targets = append(targets, t)
		}
	}
	text, err := yaml.Marshal(map[string]any{
		"defaults": map[string]any{"interval": "3s", "timeout": "2s", "request": map[string]any{"traceparent": true}},
		"targets":  targets,
		"discover": []any{map[string]any{
			"name": "found", "file_sd_configs": []any{map[string]any{"files": []string{"found.json"}, "refresh_interval": "1s"}},
			"target": map[string]any{"name": "found/{{ number }}", "url": "http://{{ __address__ }}/found", "interval": "5s"},
		}},
	})
	if err != nil {
		return "", err
	}
	path = filepath.Join(w.dir, "soak.yml")
	return path, replace(path, text)
}
