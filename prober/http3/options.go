package http3

import (
	"context"
	"math"
	"time"

	"github.com/quic-go/quic-go"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Protocol is what HTTP/3 is called in ALPN (RFC 9114, section 3.1).
const Protocol = "h3"

// Options is how the requests of one target use connections of HTTP/3.
type Options struct {
	// Streams is how many requests a connection carries at once, Requests how many in
	// all, where 0 means no limit.
	Streams, Requests int
	// Connections bounds how many are open; nil bounds nothing.
	Connections *probe.Ceiling
	// Wanted are the names of the header fields that are kept of responses, in lower case.
	Wanted []string
	// Shows means that a Result may have something that takes its answer in.
	Shows bool
	// EarlyData has new connections carry requests before their handshake has ended, where
	// there is a session to resume.
	EarlyData bool
	// Dial has the greeting make a connection for which the request has, or gets, the
	// permit. A connection that stands gives the permit back when it ends.
	Dial func(ctx context.Context, r *probe.Result, greet wire.Greeting) error
}

const (
	streamWindow     = 512 << 10
	maxStreamWindow  = 1 << 20
	connectionWindow = 1 << 20
	maxConnWindow    = 8 << 20
	// serverStreams is how many streams a server may have open at once: the control
	// stream, two of QPACK, and some of kinds that are not known.
	serverStreams = 16
	// never is a time limit of quic-go that another one stands for.
	never = math.MaxInt64 / 4 * time.Nanosecond
)

// transportConfig returns what quic-go is to do on its own, which is little: the deadlines
// of requests and handshakes are ours, so that each has one owner. The server's own idle
// time holds all the same.
func transportConfig() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:           never,
		MaxIdleTimeout:                 never,
		InitialStreamReceiveWindow:     streamWindow,
		MaxStreamReceiveWindow:         maxStreamWindow,
		InitialConnectionReceiveWindow: connectionWindow,
		MaxConnectionReceiveWindow:     maxConnWindow,
		MaxIncomingStreams:             -1, // servers open none of this kind (RFC 9114, section 6.1)
		MaxIncomingUniStreams:          serverStreams,
	}
}
