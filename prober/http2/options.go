package http2

import (
	"context"
	"time"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Options says how the requests of one target use connections of HTTP/2.
type Options struct {
	// Streams is how many requests a connection carries at once. Requests is how many it carries in all; 0 means no limit.
	Streams, Requests int
	// ConnectTimeout bounds the wait for the peer's first frame and for the answer to a PING. Under TLS, TLSTimeout bounds
	// the wait for the first frame instead.
	ConnectTimeout, TLSTimeout time.Duration
	// Pings is how many PING frames a connection sends in a row, without an answer to a request between them. After that
	// it is retired instead; 0 means any number.
	Pings int
	// Connections bounds how many connections are open; nil bounds nothing.
	Connections *probe.Ceiling
	// Keeps means that the pool keeps something of responses: bodies, or the header fields in Wanted, which has names in
	// lower case.
	Keeps  bool
	Wanted []string
	// Shows means that a Result may have a Trace or an Answer.
	Shows bool
	// Only means that the server may not choose HTTP/1.1. Negotiated reports whether the server has chosen HTTP/2 on a
	// link. It returns an error if the server has chosen none of the allowed protocols.
	Only       bool
	Negotiated func(*wire.Link) (bool, error)
	// Dial makes a link. The request holds the permit for it, or Dial acquires it.
	Dial func(ctx context.Context, r *probe.Result) (wire.Link, error)
	// HTTP1 carries the requests if the server chooses HTTP/1.1.
	HTTP1 Fallback
}

// Fallback carries requests over HTTP/1.
type Fallback interface {
	// UseHTTP1 does the exchange of r over a new link. UseWarmHTTP1 does it over an existing one, and returns false if
	// there is none.
	UseHTTP1(l wire.Link, r *probe.Result)
	UseWarmHTTP1(r *probe.Result) bool
}
