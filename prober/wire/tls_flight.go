package wire

import (
	"errors"
	"io"
	"net"
)

// flight is the connection below TLS. It keeps back the client's last message of a handshake
// until the first bytes of the request. These follow at once: both go together, in one system
// call and one packet.
type flight struct {
	net.Conn

	// greeted means that the ClientHello has gone. It is never kept back, since the server
	// always waits for it.
	greeted bool
	ended   bool // the handshake
	// keeps means that writes are kept back all the same, and not even flushed before a read:
	// the connection is only looked at.
	keeps bool
	held  []byte

	records records
	cut     bool // the connection below has ended
}

// Write keeps p back during a handshake. Afterwards it writes the bytes kept back, and p.
func (f *flight) Write(p []byte) (int, error) {
	// crypto/tls reads between its messages, except after the last one, and a read flushes.
	// So nothing is kept while a server waits.
	if f.greeted && !f.ended || f.keeps {
		f.held = append(f.held, p...)
		return len(p), nil
	}
	f.greeted = true
	if len(f.held) == 0 {
		return f.Conn.Write(p)
	}
	kept := len(f.held)
	n, err := f.Conn.Write(append(f.held, p...))
	f.held = nil
	return max(0, n-kept), err
}

// Read first writes the bytes kept back, since the peer waits for them.
func (f *flight) Read(p []byte) (int, error) {
	// A look must not write: the peer may not be reading, and the answer to a key update
	// can wait for the request.
	if !f.keeps {
		if err := f.flush(); err != nil {
			return 0, err
		}
	}
	n, err := f.Conn.Read(p)
	f.records.follow(p[:n])
	f.cut = errors.Is(err, io.EOF)
	return n, err
}

// end is called after the handshake. Nothing follows a failed handshake.
func (f *flight) end(failed bool) {
	f.ended = true
	if failed {
		_ = f.flush() // the failure of the handshake is known
	}
}

func (f *flight) flush() error {
	if len(f.held) == 0 {
		return nil
	}
	_, err := f.Conn.Write(f.held)
	f.held = nil
	return err
}
