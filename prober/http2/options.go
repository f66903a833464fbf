package http2

import (
	"context"
	"time"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Options is how the requests of one target use connections of HTTP/2.
type Options struct {
	// Streams is how many requests a connection carries at once, requests how many in
	// all, where 0 means no limit.
	Streams, Requests int
	// ConnectTimeout bounds the wait for the first frame of the peer, and for the answer
	// to a PING; under TLS, tlsTimeout does the former.
	ConnectTimeout, TLSTimeout time.Duration
	// Pings is how many PING frames in a row a connection is sent, without an answer to a
	// request between them, before it is given up instead; 0 means any number.
	Pings int
	// Connections bounds how many are open; nil bounds nothing.
	Connections *probe.Ceiling
	// Keeps tells that something is kept of responses: the header fields that wanted
	// names in lower case, or bodies.
	Keeps  bool
	Wanted []string
	// Shows means that a Result may have something that takes its answer in.
	Shows bool
	// Only means that the server may not choose HTTP/1.1. negotiated reports whether it
	// has chosen HTTP/2 on a link, or why none of what it may choose.
	Only       bool
	Negotiated func(*wire.Link) (bool, error)
	// Dial makes a link for which the request has, or gets, the permit.
	Dial func(ctx context.Context, r *probe.Result) (wire.Link, error)
	// HTTP1 carries the requests whose server chooses HTTP/1.1.
	HTTP1 Fallback
}

// Fallback carries requests over HTTP/1.
type Fallback interface {
	// UseHTTP1 does the exchange of r over a link that was just made, useWarmHTTP1 over
	// one that is there; it returns false if none is.
	UseHTTP1(l wire.Link, r *probe.Result)
	UseWarmHTTP1(r *probe.Result) bool
}
