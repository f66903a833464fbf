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

// errTimeout is the error of a request without time left.
var errTimeout = os.ErrDeadlineExceeded

// Exchange is one request over HTTP/2 and the kept parts of its response.
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
	// Call takes in the response as it comes; nil for plain HTTP.
	Call Call
	// Reserved reports whether a connection keeps a place for the request.
	Reserved bool
	Permit   *probe.Permit
	stream   *stream // reused for every request
}

// Call is a request over HTTP/2 for a protocol above HTTP, such as gRPC. All its methods but Began are called with the
// mutex of a connection held, from the opening of the stream until its end: they must not wait.
type Call interface {
	// AppendFields appends the encoded fields that depend on the time left when the request is sent.
	AppendFields(block []byte, left time.Duration) []byte
	// Header takes in the wanted fields of the final header. ended reports whether the response ends with it.
	Header(status int, fields *message.FieldSet, ended bool)
	// Data takes in a part of the content with its arrival. The part is valid only during the call. An error gives the
	// stream up.
	Data(part []byte, a probe.Arrival) error
	// Trailers takes in the wanted fields after the content.
	Trailers(fields *message.FieldSet)
	// Began returns the arrival at the start of the phase transfer, or the zero value if nothing arrived.
	Began() probe.Arrival
}

// stream is one request on an HTTP/2 connection. It belongs to a worker, which reuses it for every request. From
// tryOpen until ended the connection shares it, and the connection's mutex guards it.
type stream struct {
	wake     wake
	deadline probe.Instant
	waited   bool // its stream was not opened at once
	scarce   bool // it waits for a connection beyond the ceiling
	// request and content are sent; varied has the encoded fields of this request alone.
	request *Request
	content *message.Content
	varied  []byte
	kept    *content.Kept // what is kept of the response, if anything
	maxBody int64         // bytes
	call    Call          // nil for plain HTTP
	// trace records the request, answer takes in the response. Both are nil if nobody wants them.
	trace  *probe.Trace
	answer *probe.Answer

	// steps carries the next step from the pool to a waiting worker: one each time the worker waits. refusal is the error
	// after stepFail.
	steps   chan step
	refusal errcode.PhaseError
	dials   bool // its worker has taken a dial; guarded by the mutex of the pool

	dialled *conn // the connection this worker dialled, if it could not open a stream there

	conn  *conn
	id    uint32
	heard probe.Instant // when the last frame had come before it was opened
	// left is how many bytes of the content are not in out yet. sentAt is when the last of them was put there, or 0.
	left   int64
	sentAt probe.Instant
	// handedOver means that the current writer or the reader will write the whole request.
	handedOver bool
	sendWindow int64
	owed       int64 // received and not given back to the peer's window

	sent, received int64 // bytes of frames
	status         int
	interim        int   // informational responses
	length         int64 // Content-Length of the response, or -1
	arrived        int64 // bytes of its content
	bodiless       bool
	first, last    probe.Arrival // of the response
	err            error
	// unprocessed means that the server has said, without an error, that it has not processed the request and will not
	// (RFC 9113, section 6.8).
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

// began notes the arrival of a part of the response; only the first counts.
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

// wake has room for one signal. The signal says that the stream has ended. It may come late, after the worker has seen
// that and gone on.
type wake chan struct{}

func (w wake) signal() {
	perturb()
	select {
	case w <- struct{}{}:
	default:
	}
}
