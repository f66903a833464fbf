package http2

import (
	"encoding/binary"
	"errors"
	"io"
	"syscall"

	"golang.org/x/net/http2"

	"example.com/prober/prober/wire"
)

// farewell is the end of an HTTP/2 connection: GOAWAY says why, close_notify follows over
// TLS, and the connection is closed. Nobody waits for a peer that does not read: it is told
// what the system has room for.
//
//	who waits                         for what                                 what ends it
//	a goroutine that writes, alone    room                                     interrupt, Abort, the close
//	whoever closes                    the reader to leave the descriptor       the close wakes it; rest, in which it
//	                                                                           may be, needs only the mutex
//	the reader, in serve              the goroutines of the writer, and left   nothing is left for them to write
//	evict, and Wait of the transport  the reader to end                        the close
//
// So the connection is closed without its mutex, and never by the reader in rest. Whoever
// calls shut does not wait for more than the close.
type farewell struct {
	top    io.WriteCloser // the stream, or TLS over it
	stream *wire.Stream
	outlet *outlet
	// left is closed when the last has been written and the connection closed.
	left chan struct{}

	// code is what the peer is told, if it is told anything. Both belong to whoever ends
	// the connection, and then to whoever leaves.
	code  http2.ErrCode
	tells bool
}

func newFarewell(top io.WriteCloser, o *outlet) *farewell {
	return &farewell{top: top, stream: o.stream, outlet: o, left: make(chan struct{})}
}

// prepare notes why the connection ends.
func (f *farewell) prepare(cause error) { f.code, f.tells = told(cause) }

// leave writes last, if anything can be written, and GOAWAY, and closes the connection. It
// is called once.
func (f *farewell) leave(last []byte, canWrite bool) {
	defer close(f.left)
	if !canWrite || !f.tells || f.outlet.isFull() {
		f.close() // not even TLS has anything to say
		return
	}
	if err := writeFrames(f.top, appendGoAway(last, f.code)); err != nil || f.outlet.isFull() {
		f.close()
		return
	}
	_ = f.top.Close() // nothing depends on how the end went
}

// close closes the connection without a word, upon which the reader ends.
func (f *farewell) close() { _ = f.stream.Close() }

// appendGoAway appends a GOAWAY frame (RFC 9113, section 6.8) that names no stream: we
// take none from the peer.
func appendGoAway(out []byte, code http2.ErrCode) []byte {
	out = append(out, 0, 0, 8, byte(http2.FrameGoAway), 0, 0, 0, 0, 0)
	out = binary.BigEndian.AppendUint32(out, 0)
	return binary.BigEndian.AppendUint32(out, uint32(code))
}

// refusePreface tells the peer what was wrong with its preface, if that was HTTP/2.
func (c *conn) refusePreface(err error) {
	if code, ok := told(err); ok {
		_, _ = c.rw.Write(appendGoAway(c.writer.out, code)) // the connection ends in any case
	}
}

// explain turns the end of reading into what it means for open streams.
func (c *conn) explain(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.goAway != nil && isClosed(err):
		return *c.goAway
	case errors.Is(c.writer.err, syscall.ECONNRESET) && isClosed(err):
		return c.writer.err // the system tells of a reset once only
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errCutOff
	case c.writer.err != nil && !isClosed(err):
		return c.writer.err
	case errors.Is(err, http2.ErrFrameTooLarge):
		return errFrameSize
	}
	return err
}

// shut ends the connection for cause: it fails the streams that are open, and has the
// peer told and the connection closed, upon which the reader ends. The first cause
// stands. It does not wait for the peer.
func (c *conn) shut(cause error) {
	if c.end(cause) {
		c.pool.remove(c)
	}
}

func (c *conn) end(cause error) (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return false
	}
	c.cause = cause
	c.uncount()
	for len(c.open) > 0 {
		c.endStream(c.open[len(c.open)-1], cause)
	}
	c.writer.end(cause)
	c.place.Busy()
	return true
}
