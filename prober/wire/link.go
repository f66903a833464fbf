package wire

import (
	"crypto/tls"
	"net"
	"net/netip"

	"example.com/prober/prober/probe"
)

// Link is a connection ready for an exchange: it leads to the target, or to a proxy that
// takes requests for it. It is secured if required.
type Link struct {
	Stream *Stream
	RW     net.Conn // the stream, or TLS over it
	TLS    *TLSConn // RW, if it is TLS
	// Remote is the address that was dialled: that of the target, or of the proxy on the
	// way.
	Remote netip.AddrPort
}

// NewLink returns a link over a connection without a handshake. Reads and writes end at
// deadline.
func NewLink(c net.Conn, deadline probe.Instant) Link {
	s := NewStream(c, deadline)
	return Link{Stream: s, RW: s}
}

// Close ends the connection without waiting for the peer. If it is jammed, because a write
// was given up, TLS has nothing more to say. A message after half a record would be taken
// for the rest of it.
func (l *Link) Close(jammed bool) {
	if jammed {
		l.Stream.leave(l.Stream)
		return
	}
	l.Stream.leave(l.RW)
}

// State returns the result of the TLS handshake, and false without TLS.
func (l *Link) State() (tls.ConnectionState, bool) {
	if l.TLS == nil {
		return tls.ConnectionState{}, false
	}
	return l.TLS.ConnectionState(), true
}

// IsInRecord reports whether the beginning of a TLS record is there without its end.
func (l *Link) IsInRecord() bool { return l.TLS.isInRecord() }

// IsQuiet reports whether a request can be sent: nothing has arrived but messages that
// manage a TLS session. The end of the stream, an error, or other bytes mean that it
// cannot. Under TLS, session tickets and key updates may come at any time.
func (l *Link) IsQuiet() bool {
	begun := l.IsInRecord()
	some, err := l.Stream.look.peek()
	switch {
	case err != nil:
		return false
	case !some:
		return !begun // it could be the beginning of an answer
	}
	return l.TLS.isOnlyManaged(l.Stream)
}

// HasHeard reports whether there are unread bytes, or the end of the stream.
func (l *Link) HasHeard() bool {
	some, err := l.Stream.look.peek()
	return some || err != nil
}

// MayHold reports whether TLS can yield bytes without reading more.
func (l *Link) MayHold() bool { return l.TLS.mayHold() }

// WithinTLS runs read. Reads in it yield only the bytes TLS holds already. It makes no
// system call. If TLS holds too little, they fail with [os.ErrDeadlineExceeded]. The result
// is that of read.
func (l *Link) WithinTLS(read func() error) error {
	l.TLS.restrict(l.Stream, reachTLS)
	defer l.TLS.restrict(l.Stream, reachAll)
	return read()
}
