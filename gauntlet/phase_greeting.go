package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
)

const gateGreeting gate = "a slow greeting and then silence holds no request beyond its time, and bursts go on"

// A burst of the greeting has three requests. The first is answered at once. The greeting of the second ends after the
// timeout of the first and before its own.
const (
	greetingTime  = time.Second // of a request
	greetingPace  = 400 * time.Millisecond
	greetingSlow  = 800 * time.Millisecond
	greetingEvery = 2500 * time.Millisecond
	// greetingPause comes before the first connection of a burst, and before no other.
	greetingPause = time.Second
)

// greeting has servers of HTTP/2 that are slow to begin a connection, and say nothing after that.
func (g *gauntlet) greeting(s *stage) {
	f := newFarm(s)
	early := f.slow("early-")
	targets := f.slow("")
	a := g.begin("greeting", f, targets)
	a.desert(early)
	a.perform(g.length(3*greetingEvery, 12*greetingEvery))
	before := a.s.now()
	for i := range targets {
		name := targets[i].name
		err := until(s.ctx, "bursts that go on", func() bool {
			return a.s.seen(name, func(c *counts) bool { return c.total() >= before.of(name).total()+3 })
		})
		g.board.hold(gateGreeting, err == nil, "%s: %v", name, err)
	}
	v := a.finish()
	g.judgeGreeting(v, targets)
}

// desert takes targets away in the middle of their bursts: nothing of them may stay.
func (a *act) desert(targets []target) {
	a.configure(targets, "")
	a.pause(greetingEvery + greetingPace + greetingSlow/2)
	a.configure(nil, "")
	isQuiet, now, err := a.awaitStart()
	a.board.hold(gateGreeting, isQuiet, "after targets were taken away, {descriptors goroutines series} were %v and are %v, %v", a.start, now, err)
}

func (g *gauntlet) judgeGreeting(v *view, targets []target) {
	meant := []string{"0", "1050", "1302", "1602"}
	for i := range targets {
		c := v.of(targets[i].name)
		wrong := slices.DeleteFunc(codesOf(c), func(code string) bool { return slices.Contains(meant, code) })
		isPlayed := c.requests["0"] > 0 && c.failed() > 0
		g.board.hold(gateGreeting, isPlayed && len(wrong) == 0, "%s has codes %v", targets[i].name, c.codes())
	}
}

// slow opens targets with servers that are slow in each part of a greeting.
func (f *farm) slow(prefix string) []target {
	cfg := peers.Showing(f.issue(), http2.NextProtoTLS)
	const (
		never   = "connection: {http_version: h2c, reuse: never}"
		single  = "connection: {http_version: h2c, requests_per_connection: 1}"
		overTLS = "connection: {http_version: 2, requests_per_connection: 1, tls: {ca_file: ca.pem}}"
		auto    = "connection: {reuse: never, tls: {ca_file: ca.pem}}"
		proxied = "connection: {http_version: 2, reuse: never, tls: {ca_file: ca.pem}, proxy_url: 'http://%s'}"
	)
	var all []target
	for _, row := range []struct {
		name, scheme, keys string
		serve              func(*greeter) peers.Script
	}{
		{"slow-preface", "http", never, (*greeter).preface},
		{"slow-preface-single", "http", single, (*greeter).preface},
		{"slow-landing", "http", never + ", request: {follow_redirects: 1}", (*greeter).preface},
		{"slow-handshake", "https", overTLS, handshake(cfg)},
		{"slow-handshake-auto", "https", auto, handshake(cfg)},
		{"slow-settings", "https", overTLS, func(g *greeter) peers.Script { return within(cfg, g.preface()) }},
		{"slow-tunnel", "https", proxied, func(g *greeter) peers.Script { return g.tunnel(within(cfg, g.preface())) }},
	} {
		b := f.open(row.serve(&greeter{farm: f}))
		t := target{
			name: prefix + row.name, interval: greetingEvery.String(), timeout: greetingTime,
			burst: fmt.Sprintf("{rate: %v, requests: 3, concurrency: 3}", time.Second.Seconds()/greetingPace.Seconds()),
			exact: true, scripted: true, keys: []string{row.keys}, leeway: &leeway{free: "1050 1302 1602"},
		}
		t.url = b.url(row.scheme, t.name)
		switch row.name {
		case "slow-tunnel":
			t.keys[0] = fmt.Sprintf(row.keys, b.address)
		case "slow-landing":
			f.lead(&t)
		}
		all = append(all, t)
	}
	return all
}

// lead puts a server before the server of a target and redirects to it. It enters nothing in the ledger: if a request
// fails on its second connection, it may be unknown whether it left on the first.
func (f *farm) lead(t *target) {
	location := strings.TrimSuffix(t.url, "/") + landed + "/"
	front := f.open(func(c net.Conn) {
		for p := greet(c); p != nil; {
			stream := p.Request()
			if stream == 0 {
				return
			}
			p.Headers(stream, true, ":status", "302", "location", location)
		}
	})
	t.url, t.exact = front.url("http", t.name), false
}

// greeter is slow on all connections except the first of a burst.
type greeter struct {
	farm *farm

	mu   sync.Mutex
	last time.Time // when a connection came
}

// isFirst reports whether a connection that comes now is the first for a while.
func (g *greeter) isFirst() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	is := now.Sub(g.last) > greetingPause
	g.last = now
	return is
}

// begins waits before a greeting, and returns the script after it.
func (g *greeter) begins() peers.Script {
	if g.isFirst() {
		return g.farm.serveStreams(func(string, int) (string, reaction) { return "0", respondOK })
	}
	<-time.After(greetingSlow)
	return g.farm.serveStreams(func(string, int) (string, reaction) { return "1050", func(*peers.H2, uint32) {} })
}

// preface is slow to send its settings.
func (g *greeter) preface() peers.Script {
	return func(c net.Conn) { g.begins()(c) }
}

// handshake is slow to answer the first message of TLS.
func handshake(cfg *tls.Config) func(*greeter) peers.Script {
	return func(g *greeter) peers.Script {
		return func(c net.Conn) { within(cfg, g.begins())(c) }
	}
}

// tunnel is the proxy too.
func (g *greeter) tunnel(serve peers.Script) peers.Script {
	return func(c net.Conn) {
		if _, ok := readRequest(bufio.NewReader(c)); !ok { // nothing follows before the answer
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n") // the client may be gone
		serve(c)
	}
}
