package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"os"

	"example.com/prober/errcode"
)

// tlsConn is the client's side of TLS. The nil pointer stands for a connection
// without TLS.
type tlsConn struct {
	*tls.Conn

	below *flight
}

// handshake does the handshake of a client over rw. The connection is never nil: it
// knows what the server showed, whatever became of it.
func handshake(rw net.Conn, cfg *tls.Config) (*tlsConn, error) {
	c := &tlsConn{below: &flight{Conn: rw}}
	c.Conn = tls.Client(c.below, cfg)
	err := c.Handshake()
	c.below.end(err != nil)
	return c, errcode.Handshake(c.Conn, err)
}

// Read gives the errors of crypto/tls a type.
func (c *tlsConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.explain(err)
}

// explain finds the failures of TLS that have no type. crypto/tls gives up with a bare
// text where a peer floods it with records or messages that lead nowhere.
func (c *tlsConn) explain(err error) error {
	switch {
	case err == nil, errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case errcode.FromError(err) == errcode.General:
		return errcode.Wrap(errcode.TLS, "TLS given up", err)
	}
	return err
}
