package wire

import (
	"errors"
	"io"
	"net"
)

// flight is the connection below TLS. What the client says last in a handshake it keeps
// back until the first bytes of the request, which follow at once: they go together, in
// one system call and one packet.
type flight struct {
	net.Conn

	// greeted tells that the ClientHello, which is always waited for, has gone.
	greeted bool
	ended   bool // the handshake
	// keeps tells that what is written is kept back all the same, and not even
	// written before a read: the connection is only looked at.
	keeps bool
	held  []byte

	records records
	cut     bool // the connection below has ended
}

// Write keeps p back during a handshake. Afterwards it writes what was kept, and p.
func (f *flight) Write(p []byte) (int, error) {
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

// Read first writes what was kept back, which the peer waits for.
func (f *flight) Read(p []byte) (int, error) {
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

// end is called after the handshake. A handshake that has failed is not followed by anything.
func (f *flight) end(failed bool) {
	f.ended = true
	if failed {
		_ = f.flush() // how the handshake has failed is known
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
