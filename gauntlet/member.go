package main

import (
	"fmt"
	"slices"
	"strings"
)

// member is a target of the mass.
type member struct {
	name, wire, burst string
	// connection and request are the configuration under these keys, beside the settings of the wire.
	connection, request string
	// ours selects the gauntlet's own server for HTTP/2, instead of the server of the standard library.
	ours bool
	// dies reports whether the server is killed now and then. It is ours then.
	dies bool
	// slow delays each answer, so the server dies with requests unanswered.
	slow bool
}

// The wires: ways to speak HTTP, gRPC and DNS.
const (
	wireH1    = "h1"
	wireTLS   = "tls"
	wireH2    = "h2" // over TLS
	wireClear = "h2c"
	wireH3    = "h3"
	wireGRPC  = "grpc"
	wireGRPCS = "grpcs"
	wireUDP   = "udp" // DNS, and so are the next
	wireTCP   = "tcp"
	wireDoT   = "dot"
)

// mortalStreams is how many requests share a connection to a server that is killed. mortalPackets is the same over
// QUIC. mortalQuestions is how many datagrams are on their way to such a server.
const (
	mortalStreams   = 16
	mortalPackets   = 8
	mortalQuestions = 4
)

// members are the members of the crowd: each wire with each kind of load.
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
	all = append(all, membersBeyondHTTP1()...)
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

// membersBeyondHTTP1 are the members with HTTP/3, gRPC and DNS.
func membersBeyondHTTP1() []member {
	const never, post = "reuse: never", "method: POST, body_size: 2KiB"
	return []member{
		{name: "h3-closed-8", wire: wireH3, burst: "{requests: 300, concurrency: 8}"},
		{name: "h3-post", wire: wireH3, burst: "{requests: 80, concurrency: 4}", request: post},
		{name: "grpc-closed-16", wire: wireGRPC, burst: "{requests: 600, concurrency: 16}"},
		{name: "grpcs-tenth", wire: wireGRPCS, burst: "{requests: 200, concurrency: 4}", connection: "requests_per_connection: 10"},
		{name: "resolver-udp-8", wire: wireUDP, burst: "{requests: 500, concurrency: 8}"},
		{name: "resolver-udp-never", wire: wireUDP, burst: "{requests: 30, concurrency: 2}", connection: never},
		{name: "resolver-tcp-8", wire: wireTCP, burst: "{requests: 400, concurrency: 8}"},
		{name: "resolver-dot-2", wire: wireDoT, burst: "{requests: 100, concurrency: 2}"},
		{
			name: "mortal-h3", wire: wireH3, burst: fmt.Sprintf("{requests: 400, concurrency: %d}", mortalPackets),
			connection: "connect_timeout: 2s, tls_timeout: 2s", dies: true,
		},
		{name: "mortal-grpc", wire: wireGRPC, burst: fmt.Sprintf("{requests: 600, concurrency: %d}", mortalStreams), dies: true},
		{
			name: "mortal-resolver-udp", wire: wireUDP, dies: true,
			burst: fmt.Sprintf("{requests: 1500, concurrency: %d}", mortalQuestions),
		},
		{name: "mortal-resolver-tcp", wire: wireTCP, burst: "{requests: 400, concurrency: 4}", dies: true},
	}
}

// target returns the target of the member, served by b.
func (m *member) target(b *barn) target {
	t := target{name: m.name, url: b.url(m.scheme(), m.name), keys: m.keys(), barn: b, exact: true, scripted: true}
	if m.isCall() || m.isQuestion() { // these have no path of the gauntlet
		t.url = fmt.Sprintf("%s://%s", m.scheme(), b.address)
	}
	return t
}

func (m *member) isCall() bool { return m.wire == wireGRPC || m.wire == wireGRPCS }

func (m *member) isQuestion() bool {
	return m.wire == wireUDP || m.wire == wireTCP || m.wire == wireDoT
}

func (m *member) isSecure() bool {
	return slices.Contains([]string{wireTLS, wireH2, wireH3, wireGRPCS, wireDoT}, m.wire)
}

func (m *member) scheme() string {
	switch {
	case m.isCall():
		return m.wire
	case m.isQuestion():
		return "dns"
	case m.isSecure():
		return "https"
	}
	return "http"
}

// keys are the keys of the member in the configuration, beside its burst.
func (m *member) keys() (keys []string) {
	var parts []string
	if m.connection != "" {
		parts = append(parts, m.connection)
	}
	if m.isSecure() && !strings.Contains(m.connection, "tls:") {
		parts = append(parts, "tls: {ca_file: ca.pem}")
	}
	switch m.wire {
	case wireH2:
		parts = append(parts, "http_version: 2")
	case wireClear:
		parts = append(parts, "http_version: h2c")
	case wireH3:
		parts = append(parts, "http_version: 3")
	}
	if parts != nil {
		keys = append(keys, "connection: {"+strings.Join(parts, ", ")+"}")
	}
	if m.request != "" {
		keys = append(keys, "request: {"+m.request+"}")
	}
	switch {
	case m.isCall():
		keys = append(keys, "request: {traceparent: true}", fmt.Sprintf("grpc: {metadata: {%s: %s}}", targetField, m.name))
	case m.wire == wireDoT:
		keys = append(keys, fmt.Sprintf("dns: {name: %s.test, transport: tls}", m.name))
	case m.isQuestion():
		keys = append(keys, fmt.Sprintf("dns: {name: %s.test, transport: %s}", m.name, m.wire))
	}
	return keys
}
