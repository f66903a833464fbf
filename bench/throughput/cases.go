package throughput

import (
	"fmt"
	"slices"
)

// protocol is a protocol, and whether a connection carries more than one request.
type protocol struct {
	name      string
	title     string
	http2     bool // on one connection
	tls       bool
	perAnswer bool // a new connection for each request
	// nginx answers HTTP/2 in place of nghttpd, which gathers more answers for one write.
	nginx bool
	// connections is the number of connections of HTTP/2 if it is not one.
	connections int
	// oneAddress means that all connections of all clients lead to one address.
	oneAddress bool
	// bare means that the server of the other benchmarks answers, which does nothing but that.
	bare bool
}

// content is the bodies of a request and its answer.
type content struct {
	name   string
	answer int // bytes
	upload int // bytes; the server takes and answers them
}

// load is one measured load.
type load struct {
	protocol
	content

	inFlight int
}

func (l load) String() string {
	return fmt.Sprintf("%s, %d in flight, %s", l.protocol.name, l.inFlight, l.content.name)
}

const usualInFlight = 64

func protocols() []protocol {
	return []protocol{
		{name: "HTTP/1.1", title: "HTTP/1.1, connections kept"},
		{name: "TLS", title: "HTTP/1.1 over TLS, connections kept", tls: true},
		{name: "HTTP/2", title: "HTTP/2 over TLS, one connection", http2: true, tls: true},
		{name: "h2c", title: "HTTP/2 in clear text, one connection", http2: true},
		{name: "new connection", title: "HTTP/1.1, a new connection for each request", perAnswer: true},
		{name: "new TLS connection", title: "HTTP/1.1 over TLS, a new connection for each request", tls: true, perAnswer: true},
	}
}

// variants returns protocols with other servers, connections or addresses. Only the usual load is made with them.
func variants() []protocol {
	return []protocol{
		{name: "bare server", title: "HTTP/1.1, connections kept, to a server that does nothing else", bare: true},
		{name: "HTTP/2, nginx", title: "HTTP/2 over TLS to nginx, one connection", http2: true, tls: true, nginx: true},
		{name: "HTTP/2, nginx, four", title: "HTTP/2 over TLS to nginx, four connections", http2: true, tls: true, nginx: true, connections: 4},
		{name: "h2c, nginx", title: "HTTP/2 in clear text to nginx, one connection", http2: true, nginx: true},
		{name: "new connection, one address", title: "HTTP/1.1, a new connection for each request, all to one address", perAnswer: true, oneAddress: true},
	}
}

// contents returns the contents, the usual first.
func contents() []content {
	return []content{
		{name: "1 KiB", answer: 1 << 10},
		{name: "0 B", answer: 0},
		{name: "100 KiB", answer: 100 << 10},
		{name: "upload of 1 KiB", upload: 1 << 10},
		{name: "upload of 64 KiB", upload: 64 << 10},
	}
}

// central returns the loads of every client.
func central() []load {
	var loads []load
	for _, p := range protocols() {
		loads = append(loads, load{p, contents()[0], usualInFlight})
	}
	return loads
}

// grid returns the full set of loads for the prober and the reference: every protocol with every number of requests in
// flight and with every content.
func grid() []load {
	var loads []load
	for _, p := range protocols() {
		for _, n := range []int{1, 16, usualInFlight, 256} {
			loads = append(loads, load{p, contents()[0], n})
		}
		for _, c := range contents()[1:] {
			loads = append(loads, load{p, c, usualInFlight})
		}
	}
	for _, p := range variants() {
		c := contents()[0]
		if p.bare {
			c = content{name: "2 B"}
		}
		loads = append(loads, load{p, c, usualInFlight})
	}
	return loads
}

// streams returns how many requests a connection of HTTP/2 carries at a time.
func (l load) streams() int { return l.inFlight / max(l.connections, 1) }

// isCentral reports whether l is a load of every client.
func (l load) isCentral() bool { return slices.Contains(central(), l) }
