package http3

import (
	"context"
	"math"
	"time"

	"github.com/quic-go/quic-go"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Protocol is the name of HTTP/3 in ALPN (RFC 9114, section 3.1).
const Protocol = "h3"

// Options says how the requests of one target use connections of HTTP/3.
type Options struct {
	// Streams is how many requests a connection carries at once. Requests is how many it
	// carries in all; 0 means no limit.
	Streams, Requests int
	// Connections bounds how many connections are open; nil bounds nothing.
	Connections *probe.Ceiling
	// Wanted are the names of the response header fields to keep, in lower case.
	Wanted []string
	// Shows means that a Result may have a Trace or an Answer.
	Shows bool
	// EarlyData makes new connections carry requests before their handshake has ended, if
	// there is a session to resume.
	EarlyData bool
	// Dial calls greet to make a connection. The request holds the permit for it, or Dial
	// acquires it. An established connection gives the permit back when it ends.
	Dial func(ctx context.Context, r *probe.Result, greet wire.Greeting) error
}

const (
	// The windows bound what quic-go keeps of content that no worker has read yet. They
	// begin large enough for a usual response, so that its time is not that of waiting for
	// our permission.
	streamWindow     = 512 << 10
	maxStreamWindow  = 1 << 20
	connectionWindow = 1 << 20
	maxConnWindow    = 8 << 20
	// serverStreams is how many streams a server may have open at once: the control stream,
	// two of QPACK, and some of unknown types.
	serverStreams = 16
	// never switches a time limit of quic-go off: another limit replaces it. quic-go
	// doubles the limit of a handshake, so the largest duration would overflow.
	never = math.MaxInt64 / 4 * time.Nanosecond
)

// transportConfig returns the configuration of quic-go. It leaves little to quic-go: we
// set the deadlines of requests and handshakes, so each has one owner. The server's own
// idle timeout still applies.
func transportConfig() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:           never,
		MaxIdleTimeout:                 never,
		InitialStreamReceiveWindow:     streamWindow,
		MaxStreamReceiveWindow:         maxStreamWindow,
		InitialConnectionReceiveWindow: connectionWindow,
		MaxConnectionReceiveWindow:     maxConnWindow,
		MaxIncomingStreams:             -1, // servers open no bidirectional streams (RFC 9114, section 6.1)
		MaxIncomingUniStreams:          serverStreams,
	}
}
