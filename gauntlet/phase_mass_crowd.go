package main

import (
	"crypto/tls"
	"fmt"
	"strings"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
)

// member is a target of the mass.
type member struct {
	name, wire, burst string
	// connection and request are what stands under these keys, beside what the wire
	// asks for.
	connection, request string
	// ours has the gauntlet's own server speak HTTP/2, not that of the standard library.
	ours bool
	// dies has the server, which is ours then, be killed now and then.
	dies bool
	// slow has each answer wait, so that the server dies with requests unanswered.
	slow bool
}

// The wires, which are ways to speak HTTP.
const (
	wireH1    = "h1"
	wireTLS   = "tls"
	wireH2    = "h2" // over TLS
	wireClear = "h2c"
)

// mortalStreams is how many requests share a connection to a server that is killed.
const mortalStreams = 16

// members are those of the crowd: each wire with each kind of load.
func members() []member {
	const (
		never  = "reuse: never"
		post   = "method: POST, body_size: 2KiB"
		upload = "method: POST, body_size: 48KiB"
	)
	all := []member{
		{name: "h1-closed-1", wire: wireH1, burst: "{duration: 300ms, concurrency: 1}"},
		{name: "h1-closed-4", wire: wireH1, burst: "{duration: 200ms, concurrency: 4}"},
		{name: "h1-closed-16", wire: wireH1, burst: "{requests: 1000, concurrency: 16}"},
		{name: "h1-closed-50", wire: wireH1, burst: "{requests: 1500, concurrency: 50}"},
		{name: "h1-open", wire: wireH1, burst: "{rate: 1000, duration: 450ms, concurrency: 50}"},
		{name: "h1-poisson", wire: wireH1, burst: "{rate: 600, duration: 450ms, concurrency: 20, arrival: poisson}"},
		{name: "h1-stages", wire: wireH1, burst: "{stages: [{duration: 200ms, rate: 1500}, {duration: 200ms, rate: 100}], concurrency: 10}"},
		{name: "h1-never-1", wire: wireH1, burst: "{requests: 80, concurrency: 1}", connection: never},
		{name: "h1-never-10", wire: wireH1, burst: "{requests: 150, concurrency: 10}", connection: never},
		{name: "h1-each-burst", wire: wireH1, burst: "{requests: 300, concurrency: 8}", connection: "reuse: burst"},
		{name: "h1-tenth", wire: wireH1, burst: "{requests: 300, concurrency: 3}", connection: "requests_per_connection: 10"},
		{name: "h1-post", wire: wireH1, burst: "{requests: 400, concurrency: 4}", request: post},
		{name: "h1-upload", wire: wireH1, burst: "{requests: 60, concurrency: 2}", request: upload},
		{name: "h1-redirected", wire: wireH1, burst: "{requests: 300, concurrency: 4}", request: "follow_redirects: 2"},
		{name: "tls-closed-1", wire: wireTLS, burst: "{requests: 300, concurrency: 1}"},
		{name: "tls-closed-16", wire: wireTLS, burst: "{requests: 600, concurrency: 16}"},
		{name: "tls-open", wire: wireTLS, burst: "{rate: 500, duration: 450ms, concurrency: 50}"},
		{name: "tls-never", wire: wireTLS, burst: "{requests: 20, concurrency: 2}", connection: never},
		{name: "tls-older", wire: wireTLS, burst: "{requests: 300, concurrency: 4}", connection: "tls: {ca_file: ca.pem, max_version: '1.2'}"},
		{name: "tls-post", wire: wireTLS, burst: "{requests: 200, concurrency: 4}", request: post},
		{name: "tls-upload", wire: wireTLS, burst: "{requests: 40, concurrency: 2}", request: upload},
	}
	for _, wire := range []string{wireH2, wireClear} {
		all = append(all,
			member{name: wire + "-closed-1", wire: wire, burst: "{requests: 200, concurrency: 1}"},
			member{name: wire + "-closed-16", wire: wire, burst: "{requests: 700, concurrency: 16}"},
			member{name: wire + "-closed-50", wire: wire, burst: "{requests: 1000, concurrency: 50}"},
			member{name: wire + "-open", wire: wire, burst: "{rate: 800, duration: 450ms, concurrency: 50}"},
			member{name: wire + "-few-streams", wire: wire, burst: "{requests: 400, concurrency: 12}", connection: "streams_per_connection: 4"},
			member{name: wire + "-post", wire: wire, burst: "{requests: 200, concurrency: 8}", request: post},
		)
	}
	return append(all,
		member{name: "mortal-closed-1", wire: wireH1, burst: "{duration: 300ms, concurrency: 1}", dies: true},
		member{name: "mortal-closed-4", wire: wireH1, burst: "{requests: 600, concurrency: 4}", dies: true},
		member{name: "mortal-closed-50", wire: wireH1, burst: "{requests: 800, concurrency: 50}", dies: true},
		member{name: "mortal-open", wire: wireH1, burst: "{rate: 800, duration: 450ms, concurrency: 20}", dies: true},
		member{name: "mortal-never", wire: wireH1, burst: "{requests: 100, concurrency: 4}", connection: never, dies: true},
		member{name: "mortal-slow", wire: wireH1, burst: "{duration: 450ms, concurrency: 10}", dies: true, slow: true},
		member{name: "mortal-tls", wire: wireTLS, burst: "{requests: 400, concurrency: 8}", dies: true},
		member{name: "mortal-h2c", wire: wireClear, burst: fmt.Sprintf("{requests: 800, concurrency: %d}", mortalStreams), dies: true},
		member{name: "mortal-h2", wire: wireH2, burst: fmt.Sprintf("{requests: 800, concurrency: %d}", mortalStreams), dies: true},
	)
}

// crowd opens the targets of the mass that are to be played, and returns the
// listeners that are to die, nil for one that is not played.
func (f *farm) crowd(g *gauntlet) (targets []target, mortal []*barn) {
	cert := f.issue()
	for _, m := range members() {
		t := target{}
		if g.replay.plays(m.name) {
			t = f.join(&m, g.seed, cert)
			targets = append(targets, t)
		}
		if m.dies {
			mortal = append(mortal, t.barn)
		}
	}
	return append(targets, f.named(g, cert)...), mortal
}

// join opens a member of the crowd.
func (f *farm) join(m *member, seed uint64, cert tls.Certificate) target {
	t := target{name: m.name, interval: "500ms", burst: m.burst, exact: true, scripted: true, keys: m.keys()}
	if isHTTP2 := m.wire == wireH2 || m.wire == wireClear; isHTTP2 && !m.dies && !m.ours {
		with := (*tls.Certificate)(nil)
		if m.wire == wireH2 {
			with = &cert
		}
		t.barn = f.openWeb(with, f.randomly(seed))
	} else {
		t.barn = f.open(f.server(m, seed, cert))
	}
	if m.dies {
		t.leeway = m.leeway()
	}
	t.url = t.barn.url(m.scheme(), m.name)
	return t
}

func (m *member) scheme() string {
	if m.wire == wireTLS || m.wire == wireH2 {
		return "https"
	}
	return "http"
}

// keys are those of the configuration that the member has beside its burst.
func (m *member) keys() (keys []string) {
	var parts []string
	if m.connection != "" {
		parts = append(parts, m.connection)
	}
	if m.scheme() == "https" && !strings.Contains(m.connection, "tls:") {
		parts = append(parts, "tls: {ca_file: ca.pem}")
	}
	switch m.wire {
	case wireH2:
		parts = append(parts, "http_version: 2")
	case wireClear:
		parts = append(parts, "http_version: h2c")
	}
	if parts != nil {
		keys = append(keys, "connection: {"+strings.Join(parts, ", ")+"}")
	}
	if m.request != "" {
		keys = append(keys, "request: {"+m.request+"}")
	}
	return keys
}

// server is the gauntlet's own for a member.
func (f *farm) server(m *member, seed uint64, cert tls.Certificate) peers.Script {
	s := f.random(seed)
	switch {
	case m.slow:
		s = slowly(s)
	case strings.Contains(m.request, "redirects"):
		s = landing(m.name, s)
	}
	switch m.wire {
	case wireTLS:
		return within(peers.Showing(cert, "http/1.1"), f.serveHTTP1(s))
	case wireH2:
		return within(peers.Showing(cert, http2.NextProtoTLS), f.serveStreams(f.randomStreams(seed)))
	case wireClear:
		return f.serveStreams(f.randomStreams(seed))
	}
	return f.serveHTTP1(s)
}

// leeway is that of a member that dies.
func (m *member) leeway() *leeway {
	if m.wire == wireH2 || m.wire == wireClear {
		return leewayHTTP2(mortalStreams)
	}
	return leewayHTTP1()
}
