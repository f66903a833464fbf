package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"

	"example.com/prober/internal/peers"
)

// fault is a target that always fails in the same way.
type fault struct {
	name string
	// codes are the codes of its requests: each occurs at least once, and no other occurs.
	codes string
	// serve plays one connection. Without it the target is at url.
	serve peers.Script
	url   string
	// scheme is https for TLS, and grpc for calls.
	scheme string
	// keys are the keys of the target beside name, url, interval and burst.
	keys []string
	// waits reports whether each request lasts as long as one that times out.
	waits bool
	// trusted is the ca_file of the target, named NAME.pem.
	trusted []byte
}

// faults returns the whole table. Each list has the faults of one layer.
func (f *farm) faults() []fault {
	return slices.Concat(
		f.http1Faults(), f.contentFaults(), f.http2Faults(), f.http3Faults(), f.grpcFaults(), f.tlsFaults(), f.certificateFaults(), f.dnsFaults(), f.resolverFaults(), f.dialFaults(), f.proxyFaults(),
	)
}

// target opens the servers of the fault and returns its URL.
func (f *farm) target(x *fault) (url string) {
	if x.url != "" {
		return x.url
	}
	b := f.open(x.serve)
	if x.scheme == "grpc" { // calls have a path of their own
		return "grpc://" + b.address
	}
	return b.url(cmp.Or(x.scheme, "http"), x.name)
}

// say is a peer that reads one request, always says the same, and then ends.
func (f *farm) say(text string) peers.Script {
	return f.serveHTTP1(func(string, int) move { return move{text: text, then: fin} })
}

// blurt does the same for any request; it reads once.
func blurt(text string) peers.Script { return peers.InTurn(peers.Saying(text), peers.Finish) }

// within serves inside TLS.
func within(cfg *tls.Config, serve peers.Script) peers.Script {
	return func(c net.Conn) {
		s := tls.Server(c, cfg)
		if s.HandshakeContext(context.Background()) != nil { // the connection has a deadline
			lineOf(c).uncount()
			peers.Finish(c) // so that the alert arrives
			return
		}
		serve(s)
		_ = s.CloseWrite()
		peers.Finish(c)
	}
}

// http1Faults are broken answers of HTTP/1.
func (f *farm) http1Faults() []fault {
	const (
		ok      = "HTTP/1.1 200 OK\r\n"
		chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
		empty   = ok + "Content-Length: 0\r\n\r\n"
	)
	table := []struct{ name, code, text string }{
		{"h1-closed", "1221", ""},
		{"h1-closed-in-header", "1222", ok + "Server: x\r\n"},
		{"h1-closed-in-line", "1222", ok + "Serv"},
		{"h1-garbage", "1801", "garbage\r\n\r\n"},
		{"h1-ssh", "1801", "SSH-2.0-OpenSSH_9.9\r\n"},
		{"h1-no-version", "1801", "HTTP/9 200 OK\r\n\r\n"},
		{"h1-huge-header", "1802", ok + strings.Repeat("A: b\r\n", 1<<15)},
		{"h1-one-huge-line", "1802", ok + "A: " + strings.Repeat("b", 1<<18) + "\r\n\r\n"},
		{"h1-no-colon", "1803", ok + "garbage\r\n\r\n"},
		{"h1-space-before-colon", "1803", ok + "Name : value\r\nContent-Length: 0\r\n\r\n"},
		{"h1-status-600", "1804", "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n"},
		{"h1-status-999", "1804", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"},
		{"h1-status-099", "1804", "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n"},
		{"h1-length-garbage", "1805", ok + "Content-Length: x\r\n\r\n"},
		{"h1-length-negative", "1805", ok + "Content-Length: -1\r\n\r\n"},
		{"h1-length-huge", "1805", ok + "Content-Length: 99999999999999999999\r\n\r\n"},
		{"h1-two-lengths", "1805", ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
		{"h1-coding-unknown", "1806", ok + "Transfer-Encoding: x\r\n\r\n"},
		{"h1-chunked-with-length", "1806", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"h1-chunk-garbage", "1807", chunked + "zz\r\n"},
		{"h1-chunk-size-huge", "1807", chunked + "fffffffffffffffff\r\n"},
		{"h1-chunk-line-long", "1807", chunked + "1;" + strings.Repeat("x", 1<<13) + "\r\n"},
		{"h1-switch", "1808", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"},
		{"h1-endless-1xx", "1809", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1<<12)},
		{"h1-desync", "1810", empty + "more"},
		{"h1-version-2", "1811", "HTTP/2.0 200 OK\r\n\r\n"},
		{"h1-canary", "1801", canaryPeer + "\r\n\r\n"},
		{"h1-canary-header", "1803", ok + canaryPeer + "\r\n\r\n"},
	}
	var all []fault
	for _, row := range table {
		all = append(all, fault{name: row.name, codes: row.code, serve: f.say(row.text)})
	}
	for _, status := range []int{400, 401, 403, 404, 405, 408, 409, 410, 418, 422, 429, 431, 451, 499, 500, 501, 502, 503, 504, 507, 511, 599} {
		all = append(all, fault{
			name: fmt.Sprintf("status-%d", status), codes: fmt.Sprint(1000 + status),
			serve: f.serveHTTP1(func(string, int) move {
				return move{text: fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n", status, canaryPeer)}
			}),
		})
	}
	return append(all,
		fault{name: "h1-reset", codes: "1220", serve: f.serveHTTP1(func(string, int) move { return move{then: rst} })},
		fault{name: "h1-stall", codes: "1050", waits: true, serve: f.serveHTTP1(func(string, int) move { return move{then: hold} })},
		fault{name: "h1-stall-in-header", codes: "1050", waits: true, serve: f.serveHTTP1(func(string, int) move { return move{text: ok + "Na", then: hold} })},
		fault{name: "h1-endless-header", codes: "1802", serve: peers.Endless(ok, "Name: value\r\n")},
		fault{name: "h1-endless-chunks", codes: "1703", serve: peers.Endless(chunked, "1\r\nx\r\n")},
		fault{name: "h1-closed-reused", codes: "0 1223", serve: f.serveHTTP1(inTurn(move{text: okText}, move{then: fin}))},
		fault{name: "h1-reset-reused", codes: "0 1223", serve: f.serveHTTP1(inTurn(move{text: okText}, move{then: rst}))},
	)
}

// inTurn is a script of two moves.
func inTurn(even, odd move) script {
	return func(_ string, n int) move { return []move{even, odd}[n%2] }
}
