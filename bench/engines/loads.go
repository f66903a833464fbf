package engines

import (
	"fmt"

	"example.com/prober/bench/closed"
)

// engine is one kind of requests to compare.
type engine struct {
	name  string
	title string
	says  string // about the clients and the server
}

// load is one measured load.
type load struct {
	engine   engine
	anew     bool   // a new connection for each request
	how      string // how it is sent; empty if the engine says all
	inFlight int
	// clients begin with the prober.
	clients []closed.Client
	aims    []aim
}

// aim bounds the processor time for a request of the prober, relative to another client.
type aim struct {
	client string
	most   float64
}

func (l load) String() string { return l.engine.name + ", " + l.kind() }

// kind returns the load without its engine.
func (l load) kind() string {
	if l.how != "" {
		return fmt.Sprintf("%s, %d in flight", l.how, l.inFlight)
	}
	if l.anew {
		return fmt.Sprintf("%d in flight, each on a new connection", l.inFlight)
	}
	return fmt.Sprintf("%d in flight", l.inFlight)
}

func engines() (http3, grpc, dns, tcp engine) {
	http3 = engine{
		"HTTP/3", "HTTP/3", "Answers of 1 KiB; a server of quic-go, and for HTTP/2 over TLS one of net/http in the same process. All requests in flight are " +
			"on one connection. The plain loop uses quic-go's own client of HTTP/3, verifies the certificate, reads each answer and measures nothing.",
	}
	grpc = engine{
		"gRPC", "gRPC", "Unary calls to the health service of grpc-go, on one connection. Over HTTP/2 (h2c) the prober sends the same " +
			"bytes to the same server as a POST and does not look into the answer. The templates of ghz are off: with them it takes up to three times as much.",
	}
	dns = engine{
		"DNS", "DNS over UDP", "Questions for an address, to dnsmasq. The prober has a socket for each request in flight, dnsperf one for all.",
	}
	tcp = engine{
		"TCP", "Bare connections", "A `tcp://` target, whose request is one connection that is closed as soon as it stands. The plain loop does " +
			"the same with net.Dialer. The server resets each connection when its client has closed it, so that no ports stay occupied.",
	}
	return http3, grpc, dns, tcp
}

const (
	one, some, many = 1, 16, 64 // in flight

	ownName   = "prober"
	http2Name = "prober, HTTP/2"
	loopName  = "plain loop"
)

// loads returns the loads to measure, in the order of the report.
func (b *bench) loads() []load {
	http3, grpc, dns, tcp := engines()
	var all []load
	for _, n := range []int{one, some, many} {
		all = append(all, b.http3(http3, n, false))
	}
	all = append(all, b.http3(http3, some, true))
	for _, n := range []int{one, some, many} {
		clients := []closed.Client{b.grpc(n), b.grpcAsHTTP2(n)}
		if b.options.Peers {
			clients = append(clients, b.ghz(n))
		}
		all = append(all, load{engine: grpc, inFlight: n, clients: clients, aims: []aim{{ghzName, 0.2}, {http2Name, 1.1}}})
	}
	for _, n := range []int{one, some, many} {
		all = append(all, load{engine: dns, inFlight: n, clients: []closed.Client{b.dns(n), b.dnsperf(n)}})
	}
	for _, n := range []int{one, some} {
		all = append(all, load{engine: tcp, anew: true, inFlight: n, clients: []closed.Client{b.tcp(n), b.tcpLoop(n)}})
	}
	for _, version := range []string{"1.1", "2"} {
		for _, n := range []int{one, many} {
			all = append(all, b.traffic(n, version))
		}
	}
	return all
}

func (b *bench) http3(e engine, inFlight int, anew bool) load {
	return load{
		engine: e, anew: anew, inFlight: inFlight,
		clients: []closed.Client{b.web(ownName, "3", inFlight, anew), b.http3Loop(inFlight, anew), b.web(http2Name, "2", inFlight, anew)},
		aims:    []aim{{loopName, 1.1}},
	}
}
