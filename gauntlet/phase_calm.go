package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
)

const gateDue gate = "latency counts from when a request was due"

// calm is the first act: all kinds of servers without faults.
func (g *gauntlet) calm(s *stage) {
	shared := make(chan error, 1)
	go func() { shared <- play(s.ctx, g.shards) }()
	defer func() {
		if err := <-shared; err != nil {
			s.Errorf("%w", err)
		}
	}()
	f := newFarm(s)
	targets := f.special()
	targets = append(targets, f.shopping(g.seed, calmShoppers(), true)...)
	a := g.begin("calm", f, targets)
	a.perform(g.length(5*time.Second, time.Minute))
	a.judgePages()
	v := a.finish()
	g.holdWell(gateAnswers, v, targets)
	a.judgeShops(v)
	c := v.of("stalling")
	stalls := float64(int(c.total()) / stallEvery)
	g.board.hold(gateDue, stalls > 0 && c.beyond(100*time.Millisecond) >= 30*stalls,
		"%v requests in %v stalls took longer than 100 ms", c.beyond(100*time.Millisecond), stalls)
}

// stallEvery requests share a stall of half a second, during which 50 more are due.
const stallEvery = 100

// special opens the healthy targets and two more: one with stalls, and one with secrets in all places.
func (f *farm) special() []target {
	all := f.healthy()
	stalling := f.open(f.serveHTTP1(func(_ string, n int) move {
		m := okMove()
		if n%stallEvery == 0 {
			m.after = 500 * time.Millisecond
		}
		return m
	}))
	secretive := f.open(f.serveHTTP1(func(string, int) move { return okMove() }))
	return append(all, target{
		name: "stalling", url: stalling.url("http", "stalling"), barn: stalling, exact: true, scripted: true,
		interval: "1500ms", burst: fmt.Sprintf("{rate: 100, requests: %d, concurrency: 1}", stallEvery),
	}, target{
		name: "secretive", interval: "1s", burst: "{requests: 2}",
		url: secretive.url("http", "secretive") + "?token=" + canarySecret, exact: true, barn: secretive,
		keys: []string{fmt.Sprintf("request: {basic_auth: {username: u, password_file: secret}, headers: {X-Key: %q}}", canarySecret)},
	})
}

// healthy opens a target for each kind of server and connection. None has faults.
func (f *farm) healthy() []target {
	cert := f.issue()
	const trusting = "connection: {tls: {ca_file: ca.pem}%s}"
	fine := f.serveHTTP1(func(string, int) move { return okMove() })
	table := []struct {
		name, scheme, burst, keys string
		barn                      *barn
	}{
		{"fine-h1", "http", "{requests: 200, concurrency: 4}", "", f.open(fine)},
		{"fine-open", "http", "{rate: 300, requests: 250}", "", f.open(fine)},
		{"fine-never", "http", "{requests: 40, concurrency: 2}", "connection: {reuse: never}", f.open(fine)},
		{"fine-burst", "http", "{requests: 40, concurrency: 2}", "connection: {reuse: burst}", f.open(fine)},
		{"fine-tls", "https", "{requests: 100, concurrency: 2}", fmt.Sprintf(trusting, ""), f.open(within(peers.Showing(cert, "http/1.1"), fine))},
		{"fine-h2", "https", "{requests: 100, concurrency: 10}", fmt.Sprintf(trusting, ", http_version: 2"), f.openWeb(&cert, f.serveWeb(well))},
		{"fine-h2c", "http", "{requests: 100, concurrency: 10}", overH2C, f.openWeb(nil, f.serveWeb(well))},
		{"fine-h3", "https", "{requests: 100, concurrency: 10}", fmt.Sprintf(trusting, ", http_version: 3"), f.openPackets(f.serveQUIC(cert, well, 0))},
	}
	var all []target
	for _, row := range table {
		t := target{
			name: row.name, url: row.barn.url(row.scheme, row.name), interval: "1s", burst: row.burst,
			exact: true, scripted: true, barn: row.barn,
		}
		if row.keys != "" {
			t.keys = []string{row.keys}
		}
		all = append(all, t)
	}
	return append(all, f.healthyOthers(cert)...)
}

// healthyOthers opens targets of gRPC and DNS without faults.
func (f *farm) healthyOthers(cert tls.Certificate) (all []target) {
	for _, m := range []member{
		{name: "fine-grpc", wire: wireGRPC, burst: "{requests: 100, concurrency: 10}"},
		{name: "fine-grpcs", wire: wireGRPCS, burst: "{requests: 50, concurrency: 5}"},
		{name: "fine-resolver", wire: wireUDP, burst: "{requests: 100, concurrency: 2}"},
		{name: "fine-resolver-tcp", wire: wireTCP, burst: "{requests: 50, concurrency: 2}"},
	} {
		calls := f.serveStreams(callWell)
		var b *barn
		switch m.wire {
		case wireGRPC:
			b = f.open(calls)
		case wireGRPCS:
			b = f.open(within(peers.Showing(cert, http2.NextProtoTLS), calls))
		case wireUDP:
			b = f.openPackets(f.serveDatagrams(dnsWell, false))
		default:
			b = f.open(f.serveQuestions(dnsWell, ""))
		}
		t := m.target(b)
		t.interval, t.burst = "1s", m.burst
		all = append(all, t)
	}
	return all
}

// well is a script without faults.
func well(string, int) (string, func(http.ResponseWriter)) { return "0", sayWell }
