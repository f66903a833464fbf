package transport

import (
	"crypto/tls"
	"net"
	"net/netip"
)

// link is a connection over which an exchange can begin: it leads to the target, or to a
// proxy that takes requests for it, and is secured where that is due.
type link struct {
	stream *stream
	rw     net.Conn // the stream, or TLS over it
	tls    *tlsConn // what rw is, if it is TLS
	remote netip.AddrPort
}

// close ends the connection without waiting for the peer. If it is jammed, because a
// write was given up, TLS has nothing more to say.
func (l *link) close(jammed bool) {
	if jammed {
		l.stream.leave(l.stream)
		return
	}
	l.stream.leave(l.rw)
}

// state returns what the TLS handshake has agreed on, and false without TLS.
func (l *link) state() (tls.ConnectionState, bool) {
	if l.tls == nil {
		return tls.ConnectionState{}, false
	}
	return l.tls.ConnectionState(), true
}

// isInRecord reports whether the beginning of a TLS record is there without its end.
func (l *link) isInRecord() bool { return l.tls.isInRecord() }

// isQuiet reports whether nothing has arrived that anybody asked for, so that a request
// can be sent. The end of the stream, an error, or bytes mean that it cannot. Under TLS,
// session tickets and key updates may come at any time.
func (l *link) isQuiet() bool {
	begun := l.isInRecord()
	some, err := l.stream.look.peek()
	switch {
	case err != nil:
		return false
	case !some:
		return !begun // it could be the beginning of an answer
	}
	return l.tls.isOnlyManaged(l.stream)
}

// mayHold reports whether TLS can yield bytes without reading more.
func (l *link) mayHold() bool { return l.tls.mayHold() }

// withinTLS runs read, in which reads yield only what TLS holds already. It makes no
// system call.
func (l *link) withinTLS(read func() error) error {
	l.tls.restrict(l.stream, reachTLS)
	defer l.tls.restrict(l.stream, reachAll)
	return read()
}
