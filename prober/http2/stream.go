package http2

import (
	"os"
	"sync/atomic"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// errTimeout is what a request fails with whose time has run out.
var errTimeout = os.ErrDeadlineExceeded

// Exchange is what one request says over HTTP/2, and what is kept of its response.
type Exchange struct {
	Request *Request
	Content *message.Content
	// Varying is what only this request has, as Stamp has it.
	Varying *message.Varying
	Stamp   *message.Stamp
	// Bodiless reports whether the response has no body, whatever its header says.
	Bodiless bool
	Kept     *content.Kept // nil where nothing is kept
	// MaxBody is the longest response body that is accepted, in bytes.
	MaxBody int64
	// Call takes in the response as it comes; nil where HTTP is all there is to it.
	Call Call
	// Reserved reports whether a connection keeps a place for the request.
	Reserved bool
	Permit   *probe.Permit
	stream   *stream // used again for every request
}

// Call is a request over HTTP/2 whose protocol lies above HTTP, as gRPC does. Its methods,
// but for Began, are called with the mutex of a connection held, from the moment the stream
// is open until it has ended: they must not wait.
type Call interface {
	// AppendFields appends those fields, encoded, that depend on how much time is left when
	// the request is sent.
	AppendFields(block []byte, left time.Duration) []byte
	// Header takes in the final header, of which the wanted fields are kept, and whether the
	// response ends with it.
	Header(status int, fields *message.FieldSet, ended bool)
	// Data takes in a part of the content, valid during the call only, with its arrival. An
	// error gives the stream up.
	Data(part []byte, a probe.Arrival) error
	// Trailers takes in the fields after the content that are wanted.
	Trailers(fields *message.FieldSet)
	// Began returns the arrival of that with which the phase transfer begins, the zero value if
	// nothing arrived.
	Began() probe.Arrival
}

// stream is one request on an HTTP/2 connection. It belongs to a worker, which
// uses it again for every request; from tryOpen until ended it is shared with the
// connection and guarded by its mutex.
type stream struct {
	wake     wake
	deadline probe.Instant
	waited   bool // its stream was not opened at once
	scarce   bool // what it waits for is a connection beyond the ceiling
	// request and content are what is sent; varied is what only this request has, encoded.
	request *Request
	content *message.Content
	varied  []byte
	kept    *content.Kept // what is kept of the response, if anything
	maxBody int64         // bytes
	call    Call          // nil where HTTP is all there is to it
	// trace takes the request down, answer takes the response in: nil where nobody wants that.
	trace  *probe.Trace
	answer *probe.Answer

	// steps has what the pool wants a waiting worker to do: one step each time it
	// waits. refusal is why the pool wants nothing more of it.
	steps   chan step
	refusal errcode.PhaseError
	dials   bool // its worker has taken a dial; guarded by the mutex of the pool

	dialled *conn // on which it could not be opened

	conn  *conn
	id    uint32
	heard probe.Instant // when the last frame had come before it was opened
	// left is what is still to send of the body; blocked tells that the worker
	// waits for a window or for room to send it.
	left int64
	// handedOver tells that who writes or reads now will write all of the request.
	handedOver bool
	sendWindow int64
	blocked    bool
	owed       int64 // received and not given back to the peer's window

	sent, received int64 // bytes of frames
	status         int
	interim        int   // informational responses
	length         int64 // Content-Length of the response, or -1
	arrived        int64 // bytes of its content
	bodiless       bool
	first, last    probe.Arrival // of the response
	err            error
	// unprocessed means that the server has said, without an error, that it has not
	// processed the request and will not (RFC 9113, section 6.8).
	unprocessed bool
	ended       atomic.Bool
}

// begin prepares st for a request.
func (st *stream) begin(r *probe.Result, x *Exchange) {
	if st.wake == nil {
		st.wake, st.steps = make(wake, 1), make(chan step, 1)
	}
	*st = stream{
		wake:     st.wake,
		steps:    st.steps,
		deadline: r.Deadline,
		request:  x.Request,
		content:  x.Content,
		varied:   x.Request.appendVaried(st.varied[:0], x.Varying, x.Stamp),
		maxBody:  x.MaxBody,
		bodiless: x.Bodiless,
		kept:     x.Kept,
		call:     x.Call,
		length:   -1,
		trace:    r.Trace,
		answer:   r.Answer,
	}
	if r.Trace != nil {
		r.Trace.Learn(r)
	}
}

// began notes the arrival of a part of the response; the first of them counts.
func (st *stream) began(a probe.Arrival) {
	if !st.hasBegun() {
		st.first = a
	}
}

// hasBegun reports whether a part of the response has arrived.
func (st *stream) hasBegun() bool { return st.first.Read != 0 }

// finish gives st back to its worker; err is nil after a whole response.
func (st *stream) finish(err error) {
	w := st.wake
	st.err = err
	st.ended.Store(true)
	w.signal()
}

// wake has room for one signal: to look at what has changed. One may also come
// late, when the worker has seen the change already and gone on.
type wake chan struct{}

func (w wake) signal() {
	perturb()
	select {
	case w <- struct{}{}:
	default:
	}
}
