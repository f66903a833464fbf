package http3

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// Exchange is one request over HTTP/3 and the kept parts of its response.
type Exchange struct {
	Request *Request
	Content *message.Content
	// Varying says which parts differ in each request; Stamp has their values.
	Varying *message.Varying
	Stamp   *message.Stamp
	// Bodiless reports whether the response has no body, whatever its header says.
	Bodiless bool
	Kept     *content.Kept // nil if nothing is kept
	// MaxBody is the longest accepted response body, in bytes.
	MaxBody int64
	// Reserved reports whether a connection keeps a place for the request.
	Reserved bool
	Permit   *probe.Permit
	stream   *stream // reused for every request
}

// stream is one request on an HTTP/3 connection. It belongs to a worker, which reuses it for
// every request.
type stream struct {
	deadline probe.Instant
	waited   bool // it did not get its place at once
	scarce   bool // it waits for a connection beyond the ceiling
	request  *Request
	varied   []byte // the encoded fields of this request alone

	// steps carries the next step from the pool to a waiting worker: one each time the worker
	// waits. refusal is the error after stepFail.
	steps   chan step
	refusal errcode.PhaseError
	dials   bool  // its worker has taken a dial; guarded by the mutex of the pool
	dialled *conn // the connection this worker dialled, if it got no place there

	// conn is set by the pool when st has a place, and quic when its stream is open.
	conn *conn
	quic *quic.Stream
	// late means that the server has not allowed the stream yet. giveUp ends the wait for
	// permission; the mutex of the pool guards it.
	late   bool
	giveUp context.CancelFunc
	// unprocessed means that the server has said that it will not process the request.
	unprocessed atomic.Bool
	heard       uint64 // how many packets had come before it was opened

	upload upload
	response
}

// begin prepares st for a request.
func (st *stream) begin(r *probe.Result, x *Exchange) {
	if st.steps == nil {
		st.steps = make(chan step, 1)
		st.upload.ended = make(chan struct{}, 1)
	}
	st.deadline = r.Deadline
	st.waited, st.scarce, st.dials, st.dialled = false, false, false, nil
	st.conn, st.quic, st.late = nil, nil, false
	st.unprocessed.Store(false)
	st.varied = x.Request.appendVaried(st.varied[:0], x.Varying, x.Stamp)
	u := &st.upload
	u.out = x.Request.appendTo(u.out[:0], st.varied, x.Content.Length)
	u.content, u.sent, u.at, u.panicked = x.Content, 0, 0, nil
	st.response.begin(x)
	st.request, st.answer = x.Request, r.Answer
}

// expiry returns a timer for the deadline of the request.
func (st *stream) expiry() *time.Timer { return time.NewTimer(st.deadline.Sub(probe.Now())) }

// end gives the stream back to quic-go after the exchange has ended with err. It returns when
// the whole request had been sent, or 0.
func (st *stream) end(err error) (sentAt probe.Instant) {
	tell := uint64(h3Cancelled) // also if the server has answered without the rest of the request
	f, isFault := errors.AsType[*fault](err)
	if isFault {
		tell = f.tell
	}
	if isFault && f.ends {
		st.conn.shut(f)
	}
	if err != nil {
		// Bytes that nobody reads would use up the window of the whole connection.
		st.quic.CancelRead(quic.StreamErrorCode(tell))
	}
	sentAt = st.upload.end(st.quic, tell)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		st.suspect()
	}
	return sentAt
}

// suspect retires a connection if nothing came on it for as long as st was open, or if its
// handshake took longer than a request may. Otherwise a path that swallows everything would
// stay in use for ever, and every request would wait for the end of that handshake.
func (st *stream) suspect() {
	c := st.conn
	if c.quic.ConnectionStats().PacketsReceived == st.heard || c.isEarly() {
		c.retire()
	}
}

// isUnprocessed reports whether the server says that it has not begun with the request, and
// nothing of the response has come.
func (st *stream) isUnprocessed(err error) bool {
	return err != nil && !st.hasBegun() && (st.unprocessed.Load() || isRejection(err))
}

// failure returns why the exchange has failed with err.
func (st *stream) failure(err error) error {
	switch {
	case st.upload.panicked != nil:
		return st.upload.panicked
	case st.unprocessed.Load():
		return errGoneAway
	}
	if _, ok := errors.AsType[*fault](err); ok {
		return err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errTimeout
	}
	return st.conn.failure(err)
}
