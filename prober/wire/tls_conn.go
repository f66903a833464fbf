package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"example.com/prober/errcode"
)

// errNoCloseNotify is the end of a connection without an announcement by TLS: anybody on
// the way may have made it (RFC 8446, section 6.1).
var errNoCloseNotify = fmt.Errorf("TLS ended without close_notify: %w", io.ErrUnexpectedEOF)

// TLSConn is the client's side of TLS. It knows two things that crypto/tls does not tell:
// how the peer ended, and whether something has come unasked. The nil pointer stands for
// a connection without TLS.
type TLSConn struct {
	*tls.Conn

	below *flight
	// outer is the TLS below this one, with a proxy, or nil.
	outer *TLSConn
	// full reports whether the last read filled its space: the rest of the record may be
	// waiting.
	full bool
}

// handshake does the handshake of a client over rw. The connection is never nil: it knows
// what the server showed, whatever became of it.
func handshake(rw net.Conn, cfg *tls.Config) (*TLSConn, error) {
	c := &TLSConn{below: &flight{Conn: rw}}
	c.outer, _ = rw.(*TLSConn)
	c.Conn = tls.Client(c.below, cfg)
	err := c.Handshake()
	c.below.end(err != nil)
	if err != nil {
		return c, errcode.Handshake(c.Conn, err)
	}
	c.below.records.tls13 = c.ConnectionState().Version == tls.VersionTLS13
	return c, nil
}

// Read returns io.EOF only if the peer has said so (close_notify).
func (c *TLSConn) Read(p []byte) (int, error) {
	rest := c.full
	n, err := c.Conn.Read(p)
	if n > 0 && !rest && c.below.records.whole > 0 {
		c.below.records.whole--
	}
	c.full = n == len(p)
	return n, c.explain(err)
}

// explain gives the errors of crypto/tls a type. crypto/tls gives up with a bare text if
// a peer floods it with records or messages that lead nowhere.
func (c *TLSConn) explain(err error) error {
	switch {
	case err == nil, errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case errors.Is(err, io.EOF):
		if c.below.cut {
			return errNoCloseNotify
		}
		return err
	case errcode.FromError(err) == errcode.General:
		return errcode.Wrap(errcode.TLS, "TLS given up", err)
	}
	return err
}

// mayHold reports whether c can yield bytes without reading more.
func (c *TLSConn) mayHold() bool {
	return c != nil && (c.full || c.below.records.whole > 0 || c.outer.mayHold())
}

// isInRecord reports whether the beginning of a record is there without its end.
func (c *TLSConn) isInRecord() bool {
	return c != nil && (c.below.records.isOpen() || c.outer.isInRecord())
}

// isOnlyManaged takes the bytes that have arrived on s and reports whether all of them
// manage the session. An answer to them, for example to a key update, goes with the next
// request.
func (c *TLSConn) isOnlyManaged(s *Stream) bool {
	if c == nil {
		return false
	}
	c.restrict(s, reachSocket)
	_, err := c.Read(s.look.one[:])
	c.restrict(s, reachAll)
	return errors.Is(err, os.ErrDeadlineExceeded) && !c.isInRecord() && !c.isForeign()
}

// restrict sets how far reads of c go, down to s. Unless they go all the way, writes are
// kept for later. With TLS to a proxy below, the inner layer may hold nothing while the
// outer one holds a record for it, so both are restricted.
func (c *TLSConn) restrict(s *Stream, to reach) {
	s.look.reach = to
	for at := c; at != nil; at = at.outer {
		at.below.keeps = to != reachAll
		if to != reachAll {
			at.below.records.foreign = false
		}
	}
}

func (c *TLSConn) isForeign() bool {
	return c != nil && (c.below.records.foreign || c.outer.isForeign())
}
