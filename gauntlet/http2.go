package main

import (
	"cmp"
	"net"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
)

// reaction answers a request that has come on a stream of HTTP/2.
type reaction func(p *peers.H2, stream uint32)

// flood writes until the other side closes, or more than any client accepts.
func flood(write func() error) {
	for range 1 << 14 {
		if write() != nil {
			return
		}
	}
}

// serveFrames reacts to each request of a connection until the client closes it.
func (f *farm) serveFrames(react reaction) peers.Script {
	return func(c net.Conn) {
		for p := greet(c); p != nil; {
			stream, _, _ := f.nextRequest(p)
			if stream == 0 {
				return
			}
			react(p, stream)
		}
	}
}

// serveLast reacts to the first request of a connection. Then it sends nothing more and reads to the end, so the client
// sees an end and no reset.
func (f *farm) serveLast(react reaction) peers.Script {
	return func(c net.Conn) {
		p := greet(c)
		if p == nil {
			return
		}
		if stream, _, _ := f.nextRequest(p); stream != 0 {
			react(p, stream)
		}
		peers.Finish(c)
	}
}

// greet begins a connection of HTTP/2. It returns nil if the client does not.
func greet(c net.Conn, settings ...http2.Setting) *peers.H2 {
	p := peers.NewH2(c)
	p.Decode()
	if !p.Greet(settings...) {
		return nil
	}
	return p
}

// nextRequest enters the next request in the ledger. It returns the stream (0 if no request comes), the target, and the
// number of the request.
func (f *farm) nextRequest(p *peers.H2) (stream uint32, target string, n int) {
	stream, target, id := nextHeading(p)
	if stream == 0 {
		return 0, "", 0
	}
	return stream, target, f.ledger.note(target, id)
}

// nextHeading returns the stream, the target and the id of the next request; the stream is 0 if none comes. It enters
// nothing in the ledger.
func nextHeading(p *peers.H2) (stream uint32, target, id string) {
	h := p.Heading()
	if h == nil {
		return 0, "", ""
	}
	for _, field := range h.Fields {
		switch field.Name {
		case ":path":
			target = cmp.Or(target, nameOf(field.Value))
		case targetField:
			target = field.Value
		case "x-request-id":
			id = field.Value
		case "traceparent":
			id = traceOf(field.Value)
		}
	}
	return h.StreamID, target, id
}

// streamScript returns the answer to the n-th request of a target over HTTP/2, without content, and the expected code.
type streamScript func(target string, n int) (code string, react reaction)

// serveStreams plays a script on a connection, request after request.
func (f *farm) serveStreams(s streamScript) peers.Script {
	return func(c net.Conn) {
		l, p := lineOf(c), greet(c)
		if p != nil {
			p.Open() // content is not read, and gives nothing back
		}
		for code := codeUnreadH2; p != nil; code = codeUnreadH2Old {
			stream, target, n := f.nextRequest(p)
			if stream == 0 {
				return
			}
			alive := l.answer(func() { // at once: a reset would hit a client that may be sending more
				of, react := s(target, n)
				f.ledger.expect(target, of)
				react(p, stream)
			})
			if !alive {
				f.unread.Add(1)
				f.ledger.expect(target, code)
			}
		}
	}
}

// respondOK is a whole answer.
func respondOK(p *peers.H2, stream uint32) { p.Headers(stream, true, ":status", "200") }

// beginOK sends the header of an answer.
func beginOK(p *peers.H2, stream uint32) { p.Headers(stream, false, ":status", "200") }
