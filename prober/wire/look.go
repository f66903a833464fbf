package wire

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// reach is how far a read goes to find bytes.
type reach uint8

const (
	// reachAll waits for the peer.
	reachAll reach = iota
	// reachSocket takes the bytes that have arrived.
	reachSocket
	// reachTLS takes nothing, so TLS above yields only the bytes it holds already.
	reachTLS
)

// look reads a stream without waiting. It belongs to the stream's reader.
type look struct {
	reach reach
	raw   syscall.RawConn // nil if the connection has no descriptor
	// receive is receiveFD, a method value made once so that a look allocates nothing.
	receive func(fd uintptr)
	one     [1]byte

	// The arguments and results of receiveFD.
	into  []byte
	flags int
	n     int
	err   error
}

// read returns the bytes within reach, [os.ErrDeadlineExceeded] if there are none:
// crypto/tls takes it for a failure that passes.
func (l *look) read(p []byte) (int, error) {
	if l.reach == reachTLS {
		return 0, os.ErrDeadlineExceeded
	}
	return l.take(p, 0)
}

// peek reports whether bytes have arrived, and leaves them unread.
func (l *look) peek() (some bool, err error) {
	n, err := l.take(l.one[:], leaveThere)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false, nil
	}
	return n > 0, err
}

func (l *look) take(p []byte, flags int) (int, error) {
	if l.raw == nil || len(p) == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	l.into, l.flags = p, flags
	err := l.raw.Control(l.receive)
	l.into = nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(l.err, syscall.EAGAIN):
		return 0, os.ErrDeadlineExceeded
	case l.err != nil:
		return 0, os.NewSyscallError("recvfrom", l.err)
	case l.n == 0:
		return 0, io.EOF
	}
	return l.n, nil
}
