package http2

import (
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/hpack"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// protocolError ends a stream or a connection. tell is the HTTP/2 error code for the peer, and err the reason; the
// HTTP/2 error codes are too few to express it.
type protocolError struct {
	tell http2.ErrCode
	err  error
}

func (f *protocolError) Error() string { return f.err.Error() }

// Unwrap returns the reason.
func (f *protocolError) Unwrap() error { return f.err }

func failure(tell http2.ErrCode, code errcode.Code, text string) *protocolError {
	return &protocolError{tell: tell, err: errcode.New(code, text)}
}

// Errors that end a connection, besides the errors of RFC 9113, section 7, which are [http2.ConnectionError].
var (
	errRetired     = errors.New("the connection is not needed any more")
	errNotSpoken   = errcode.New(errcode.HTTP2NotSpoken, "the peer does not begin with SETTINGS")
	errNoSettings  = errcode.New(errcode.HTTP2NoSettings, "no SETTINGS of the peer in time")
	ErrWeakTLS     = failure(http2.ErrCodeInadequateSecurity, errcode.FromConnection(uint32(http2.ErrCodeInadequateSecurity)), "HTTP/2 over a TLS version below 1.2")
	errFrameSize   = failure(http2.ErrCodeFrameSize, errcode.HTTP2FrameSize, "a frame above 16 KiB")
	errFlood       = failure(http2.ErrCodeEnhanceYourCalm, errcode.HTTP2Flood, "too many control frames that answer nothing")
	errNotReading  = failure(http2.ErrCodeEnhanceYourCalm, errcode.HTTP2Flood, "the peer asks for answers and does not read them")
	errHeaderBlock = failure(http2.ErrCodeEnhanceYourCalm, errcode.HTTP2HeaderList, "a header block far above 64 KiB")
	errPing        = failure(http2.ErrCodeNo, errcode.HTTP2Ping, "no answer to PING after a request without any")
	errCutOff      = errcode.New(errcode.HTTP2Closed, "connection closed with the stream open and no GOAWAY")
)

// Errors that end a stream, besides [http2.StreamError]. The connection goes on.
var (
	errHeaderList  = failure(http2.ErrCodeCancel, errcode.HTTP2HeaderList, "response header above 64 KiB")
	errH2BodyLimit = &protocolError{http2.ErrCodeCancel, content.ErrBodyLimit}
	errH2Inflated  = &protocolError{http2.ErrCodeCancel, content.ErrInflated}
	errH2NoSpace   = &protocolError{http2.ErrCodeCancel, content.ErrNoSpace}
	errH2Status    = failure(http2.ErrCodeProtocol, errcode.HTTP1StatusRange, "status outside 100-599")
	errShort       = failure(http2.ErrCodeProtocol, errcode.Truncated, "less body than declared")
	errOverrun     = failure(http2.ErrCodeProtocol, errcode.BodyOverrun, "more body than declared")
	errManyInterim = failure(http2.ErrCodeEnhanceYourCalm, errcode.HTTP2Flood, "more than 32 informational responses")
	errNoUse       = errcode.New(errcode.HTTP2Closed, "connection closed before a stream could be opened")
	errNoStream    = errcode.New(errcode.HTTP2NoStream, "the server allows no stream")
	errReceived    = errors.New("the server reset the stream")
)

// http2Fault returns an error that ends a stream because of a frame the server sent on it.
func http2Fault(st *stream, tell http2.ErrCode, what string) *protocolError {
	return failure(tell, errcode.FromStream(uint32(tell)), "on stream "+strconv.FormatUint(uint64(st.id), 10)+" the server sent "+what)
}

// malformed returns an error that ends a stream with a malformed response or, after the header, malformed trailers.
// name is the faulty field; it is empty if the fault is not in a field.
func (st *stream) malformed(what string, name []byte) error {
	if len(name) > 0 {
		what += ":"
	}
	fault := http2Fault(st, http2.ErrCodeProtocol, what)
	if st.status != 0 {
		fault.err = errcode.Wrap(errcode.Trailers, "malformed trailers", fault.err)
	}
	if len(name) > 0 {
		fault.err = probe.NewExcerpt(fault.err, name)
	}
	return fault
}

// codeToSend returns the error code for RST_STREAM or GOAWAY after err. It returns false if the peer would not get the frame
// or knows already.
func codeToSend(err error) (http2.ErrCode, bool) {
	switch e := err.(type) { //nolint:errorlint // only our own verdicts, which are never wrapped
	case *protocolError:
		return e.tell, true
	case http2.StreamError:
		return e.Code, true
	case http2.ConnectionError:
		return http2.ErrCode(e), true
	}
	return http2.ErrCodeNo, err == errRetired //nolint:errorlint // as above
}

// endedReused returns the error of a request whose stream was not the first on its connection. The connection has ended
// with err, without GOAWAY and before any header on the stream.
func endedReused(err error) error {
	if errors.Is(err, errCutOff) || isClosed(err) {
		return errcode.Wrap(errcode.HTTP2ClosedReused, "reused connection ended before the response, without GOAWAY", err)
	}
	return err
}

// isClosed reports whether err of a read means that the peer is gone.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// soundness marks the fields of header blocks that are well-formed.
var soundness = hpack.NewMarks(message.IsSound)

// notFramed reports whether err, from reading the header of a frame, means that bytes came but are no frame.
func notFramed(err error) bool {
	_, ok := codeToSend(err)
	return ok || errors.Is(err, http2.ErrFrameTooLarge)
}

// prefaceError explains why the peer's first frame did not come. heard reports whether the peer sent anything else.
func prefaceError(err error, heard bool) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errcode.Wrap(errNoSettings.Code, errNoSettings.Text, err)
	case isClosed(err) && heard:
		return errNotSpoken
	}
	return err
}
