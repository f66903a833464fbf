package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

const gateGreeting gate = "a slow greeting and then silence holds no request beyond its time, and bursts go on"

// A burst of the greeting has three requests. The first is answered at once. The greeting
// of the second ends when the time of the first is over and its own is not.
const (
	greetingTime  = time.Second // of a request
	greetingPace  = 400 * time.Millisecond
	greetingSlow  = 800 * time.Millisecond
	greetingEvery = 2500 * time.Millisecond
	// greetingPause comes before the first connection of a burst, and before no other.
	greetingPause = time.Second
)

// greeting has servers of HTTP/2 that are slow to begin a connection, and say nothing
// after that.
func (g *gauntlet) greeting(ctx context.Context) error {
	f, err := newFarm()
	if err != nil {
		return err
	}
	defer f.close()
	early, err := f.slow("early-")
	if err != nil {
		return err
	}
	targets, err := f.slow("")
	if err != nil {
		return err
	}
	a, err := g.begin(ctx, "greeting", f, targets)
	if err != nil {
		return err
	}
	defer a.abandon()
	if err := a.desert(early); err != nil {
		return err
	}
	if err := a.load(); err != nil {
		return err
	}
	if err := pause(ctx, g.length(3*greetingEvery, 12*greetingEvery)); err != nil {
		return err
	}
	before := a.s.now()
	for i := range targets {
		name := targets[i].name
		err := until(ctx, "bursts that go on", func() bool {
			return a.s.seen(name, func(c *counts) bool { return c.total() >= before.of(name).total()+3 })
		})
		g.board.hold(gateGreeting, err == nil, "%s: %v", name, err)
	}
	v, err := a.finish()
	if err != nil {
		return err
	}
	g.judgeGreeting(v, targets)
	return nil
}

// desert takes targets away in the middle of their bursts: nothing is left of them.
func (a *act) desert(targets []target) error {
	if err := a.d.configure(a.ctx, a.config(targets, "")); err != nil {
		return err
	}
	if err := pause(a.ctx, greetingEvery+greetingPace+greetingSlow/2); err != nil {
		return err
	}
	if err := a.d.configure(a.ctx, a.config(nil, "")); err != nil {
		return err
	}
	var now state
	var err error
	quiet := until(a.ctx, "quiet", func() bool {
		now, err = a.rest()
		return err == nil && now.descriptors <= a.start.descriptors && now.goroutines <= a.start.goroutines && now.series == a.start.series
	})
	a.board.hold(gateGreeting, quiet == nil, "after targets were taken away, {descriptors goroutines series} were %v and are %v, %v", a.start, now, errors.Join(quiet, err))
	return nil
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

// slow opens targets whose servers are slow in each part of a greeting.
func (f *farm) slow(prefix string) ([]target, error) {
	cert, err := f.ca.issue()
	if err != nil {
		return nil, err
	}
	cfg := serverTLS(cert)
	cfg.NextProtos = []string{http2.NextProtoTLS}
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
		serve              func(*greeter) func(net.Conn)
	}{
		{"slow-preface", "http", never, (*greeter).preface},
		{"slow-preface-single", "http", single, (*greeter).preface},
		{"slow-landing", "http", never + ", request: {follow_redirects: 1}", (*greeter).preface},
		{"slow-handshake", "https", overTLS, handshake(cfg)},
		{"slow-handshake-auto", "https", auto, handshake(cfg)},
		{"slow-settings", "https", overTLS, func(g *greeter) func(net.Conn) { return within(cfg, g.preface()) }},
		{"slow-tunnel", "https", proxied, func(g *greeter) func(net.Conn) { return g.tunnel(within(cfg, g.preface())) }},
	} {
		b, err := f.open(row.serve(&greeter{farm: f}))
		if err != nil {
			return nil, err
		}
		t := target{
			name: prefix + row.name, interval: greetingEvery.String(), timeout: greetingTime,
			burst: fmt.Sprintf("{rate: %v, requests: 3, concurrency: 3}", time.Second.Seconds()/greetingPace.Seconds()),
			exact: true, scripted: true, keys: []string{row.keys}, leeway: &leeway{free: "1050 1302 1602"},
		}
		t.url = row.scheme + "://" + b.address + "/" + t.name + "/"
		switch row.name {
		case "slow-tunnel":
			t.keys[0] = fmt.Sprintf(row.keys, b.address)
		case "slow-landing":
			if err := f.lead(&t); err != nil {
				return nil, err
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// lead puts a server before that of a target that redirects to it. It enters nothing in the
// ledger: a request that fails on the second way may not be known to have left on the
// first.
func (f *farm) lead(t *target) error {
	location := strings.TrimSuffix(t.url, "/") + landed + "/"
	front, err := f.open(func(c net.Conn) {
		for framer := greet(c); framer != nil; {
			stream, _, _ := nextHeading(framer)
			if stream == 0 {
				return
			}
			_ = framer.WriteHeaders(http2.HeadersFrameParam{
				StreamID: stream, BlockFragment: fields(":status", "302", "location", location), EndHeaders: true, EndStream: true,
			})
		}
	})
	if err != nil {
		return err
	}
	t.url, t.exact = "http://"+front.address+"/"+t.name+"/", false
	return nil
}

// greeter is slow on all connections but the first of a burst.
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

// begins waits before a greeting, and returns what is said after it.
func (g *greeter) begins() func(net.Conn) {
	if g.isFirst() {
		return g.farm.serveStreams(func(string, int) (string, reaction) { return "0", respondOK })
	}
	<-time.After(greetingSlow)
	return g.farm.serveStreams(func(string, int) (string, reaction) { return "1050", func(*http2.Framer, uint32) {} })
}

// preface is slow to send its settings.
func (g *greeter) preface() func(net.Conn) {
	return func(c net.Conn) { g.begins()(c) }
}

// handshake is slow to answer the first message of TLS.
func handshake(cfg *tls.Config) func(*greeter) func(net.Conn) {
	return func(g *greeter) func(net.Conn) {
		return func(c net.Conn) { within(cfg, g.begins())(c) }
	}
}

// tunnel is the proxy too.
func (g *greeter) tunnel(serve func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		if _, ok := readRequest(bufio.NewReader(c)); !ok { // nothing follows before the answer
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n") // the client may be gone
		serve(c)
	}
}

// respondOK is a whole answer.
func respondOK(f *http2.Framer, stream uint32) {
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: okHeader(), EndHeaders: true, EndStream: true})
}
