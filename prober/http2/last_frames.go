package http2

import (
	"encoding/binary"
	"errors"
	"io"
	"syscall"

	"golang.org/x/net/http2"

	"example.com/prober/prober/wire"
)

// lastFrames is the end of an HTTP/2 connection: it sends GOAWAY with the reason, then close_notify over TLS, and closes
// the connection. Nobody waits for a peer that does not read: it sends as much as the system has room for.
//
//	who waits                         for what                                 what ends it
//	a goroutine that writes, alone    room                                     interrupt, Abort, the close
//	whoever closes                    the reader to leave the descriptor       the close wakes it; rest, in which it
//	                                                                           may be, needs only the mutex
//	the reader, in serve              the goroutines of the writer, and left   nothing is left for them to write
//	evict, and Wait of the transport  the reader to end                        the close
//
// So the connection is closed without its mutex, and never by the reader in rest. A caller of shut waits at most for
// the close.
type lastFrames struct {
	top    io.WriteCloser // the stream, or TLS over it
	stream *wire.Stream
	outlet *outlet
	// left is closed after the last write and the close of the connection.
	left chan struct{}

	// code is the error code for the peer; tells reports whether it is sent. Both belong to whoever ends the connection,
	// and then to leave.
	code  http2.ErrCode
	tells bool
}

func newFarewell(top io.WriteCloser, o *outlet) *lastFrames {
	return &lastFrames{top: top, stream: o.stream, outlet: o, left: make(chan struct{})}
}

// prepare notes why the connection ends.
func (f *lastFrames) prepare(cause error) { f.code, f.tells = codeToSend(cause) }

// leave writes last and GOAWAY if possible, and closes the connection. It is called once.
func (f *lastFrames) leave(last []byte, canWrite bool) {
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

// close closes the connection without telling the peer. The close ends the reader.
func (f *lastFrames) close() { _ = f.stream.Close() }

// appendGoAway appends a GOAWAY frame (RFC 9113, section 6.8) with last stream 0: we accept no streams from the peer.
func appendGoAway(out []byte, code http2.ErrCode) []byte {
	out = append(out, 0, 0, 8, byte(http2.FrameGoAway), 0, 0, 0, 0, 0)
	out = binary.BigEndian.AppendUint32(out, 0)
	return binary.BigEndian.AppendUint32(out, uint32(code))
}

// refusePreface tells the peer what was wrong with its preface, if that was HTTP/2.
func (c *conn) refusePreface(err error) {
	if code, ok := codeToSend(err); ok {
		_, _ = c.rw.Write(appendGoAway(c.writer.out, code)) // the connection ends in any case
	}
}

// explain turns the error that ended reading into the error of the open streams.
func (c *conn) explain(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.goAway != nil && isClosed(err):
		return *c.goAway
	case errors.Is(c.writer.err, syscall.ECONNRESET) && isClosed(err):
		return c.writer.err // the system reports a reset only once
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errCutOff
	case c.writer.err != nil && !isClosed(err):
		return c.writer.err
	case errors.Is(err, http2.ErrFrameTooLarge):
		return errFrameSize
	}
	return err
}

// shut ends the connection for cause: it fails the open streams, begins to say that to the peer, and closes the
// connection. The close ends the reader. Only the first cause counts. shut does not wait for the peer.
//
// Every call takes the connection out of the pool: the reader, which calls shut last, may have ended before the first
// caller comes to that, and [Pool.Wait] waits only for readers.
func (c *conn) shut(cause error) {
	c.end(cause)
	c.pool.remove(c)
}

func (c *conn) end(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return
	}
	c.cause = cause
	c.uncount()
	for len(c.open) > 0 {
		c.endStream(c.open[len(c.open)-1], cause)
	}
	c.writer.end(cause)
	c.place.Busy()
}
