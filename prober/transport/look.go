package transport

import (
	"errors"
	"io"
	"os"
	"syscall"

	"example.com/prober/prober/probe"
)

// reach is how far a read goes to find bytes.
type reach uint8

const (
	// reachAll waits for the peer.
	reachAll reach = iota
	// reachSocket takes what has arrived.
	reachSocket
	// reachTLS takes nothing, so that TLS above yields only what it holds already.
	reachTLS
)

// look is how a stream is read without waiting. It belongs to whoever reads the
// stream.
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

// read returns what there is within reach, [os.ErrDeadlineExceeded] if that is
// nothing: crypto/tls takes it for a failure that passes.
func (l *look) read(p []byte) (int, error) {
	if l.reach == reachTLS {
		return 0, os.ErrDeadlineExceeded
	}
	return l.take(p, 0)
}

// peek reports whether bytes have arrived, which it leaves where they are.
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

// lookAfter is how long a connection must have been idle to be looked at before
// it is used again. Below it, as between two requests of a worker, the look
// would cost a system call per request and find nothing.
const lookAfter = probe.Instant(1e6)

// fit reports whether c, which was idle until now, can carry another request. The
// end of the stream, an error or bytes that nobody asked for mean that it cannot.
// Under TLS, session tickets and key updates may come at any time.
func (c *conn) fit(now probe.Instant) bool {
	begun := c.tls.isInRecord()
	if !begun && now-c.idleSince < lookAfter {
		return true
	}
	some, err := c.stream.look.peek()
	switch {
	case err != nil:
		return false
	case !some:
		return !begun // it could be the beginning of an answer
	}
	return c.tls.isOnlyManaged(c.stream)
}

// surplus demands that nothing came together with the response, after its end, that
// TLS still holds. It makes no system call.
func (c *conn) surplus(r *probe.Result) error {
	if !c.tls.mayHold() {
		return nil
	}
	c.tls.restrict(c.stream, reachTLS)
	err := c.fill(r)
	c.tls.restrict(c.stream, reachAll)
	switch {
	case err == nil:
		return errDesync
	case !errors.Is(err, os.ErrDeadlineExceeded):
		c.ended = true
	}
	return nil
}
