package transport

import (
	"errors"
	"io"
	"net/netip"
	"syscall"

	"example.com/prober/errcode"
)

// readBufferSize is the buffer of a connection; it grows for headers only.
const readBufferSize = 8 << 10

// conn is one HTTP/1 connection. Only the goroutine that has taken it from the
// pool touches it, but for Abort on its stream.
type conn struct {
	t       *Transport
	stream  *stream
	rw      io.ReadWriteCloser // the stream, or TLS over it
	secured bool
	remote  netip.AddrPort

	// buf[start:end] holds bytes that were received and not yet consumed.
	buf        []byte
	start, end int
	// lastRead is when the last read returned; the response ended then.
	lastRead Instant
	head     header

	served    int
	reusable  bool
	idleSince Instant
}

func newConn(t *Transport, s *stream, remote netip.AddrPort) *conn {
	return &conn{t: t, stream: s, rw: s, remote: remote}
}

func (c *conn) close() { _ = c.rw.Close() } // nothing depends on how the end went

// exchange sends the request and reads the whole response on this goroutine.
// Afterwards c.reusable tells whether the connection can carry another.
func (c *conn) exchange(r *Result) {
	c.reusable = false
	last := c.served+1 == c.t.cfg.RequestsPerConnection
	sendErr := c.send(r, last)
	if sendErr != nil && !peerHungUp(sendErr) {
		r.fail(&errcode.PhaseError{Err: sendErr})
		return
	}
	err := c.receive(r)
	if err != nil {
		c.fail(r, sendErr, err)
		return
	}
	c.served++
	c.reusable = sendErr == nil && !last && c.head.keepAlive
	c.idleSince = c.lastRead
	r.finish(c.lastRead)
}

// fail reports what went wrong first: a broken send, unless the peer had begun
// an answer before it hung up.
func (c *conn) fail(r *Result, sendErr, err error) {
	answered := r.phase == errcode.PhaseTransfer
	if sendErr != nil && !answered {
		err = sendErr
	}
	r.fail(&errcode.PhaseError{Err: err, InHeader: answered && r.Status == 0})
}

// peerHungUp tells whether a failed write means that the peer has stopped
// reading. It may have sent its answer before, which then counts.
func peerHungUp(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

func (c *conn) send(r *Result, last bool) error {
	q := &c.t.request
	r.enter(errcode.PhaseSend)
	head := q.keep
	if last {
		head = q.last
	}
	if err := c.write(r, head); err != nil {
		return err
	}
	if err := c.write(r, q.body); err != nil {
		return err
	}
	for left := q.generated; left > 0; {
		n := min(left, int64(len(filler)))
		if err := c.write(r, filler[:n]); err != nil {
			return err
		}
		left -= n
	}
	r.enter(errcode.PhaseProcessing)
	return nil
}

func (c *conn) write(r *Result, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	n, err := c.rw.Write(p)
	r.Sent += int64(n)
	return err
}

// receive reads informational responses, the final header and the whole body.
func (c *conn) receive(r *Result) error {
	if c.buf == nil {
		c.buf = make([]byte, readBufferSize)
	}
	for range maxInformational + 1 {
		if err := c.readHeader(r); err != nil {
			return err
		}
		switch {
		case c.head.status == 101:
			return errSwitch
		case c.head.status >= 200:
			r.Status, r.Version = c.head.status, c.head.version
			return c.readBody(r)
		}
	}
	return errInformational
}

// fill reads more bytes into the buffer. At its end, what is left of it moves to
// the front, and only if that frees nothing does it grow.
func (c *conn) fill(r *Result) error {
	if c.start == c.end {
		c.start, c.end = 0, 0
	}
	if c.end == len(c.buf) {
		c.makeRoom()
	}
	n, err := c.rw.Read(c.buf[c.end:])
	if n > 0 {
		c.lastRead = Now()
		if r.phase != errcode.PhaseTransfer {
			r.enterAt(errcode.PhaseTransfer, c.lastRead)
		}
		c.end += n
		r.Received += int64(n)
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

func (c *conn) makeRoom() {
	if c.start == 0 {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
		return
	}
	c.end = copy(c.buf, c.buf[c.start:c.end])
	c.start = 0
}
