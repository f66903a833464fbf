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

// protocolError is the end of a stream or of a connection for a reason that the
// error codes of HTTP/2 are too few to tell: they are what the peer is told.
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

// What ends a connection, besides the errors of RFC 9113, section 7, which are
// [http2.ConnectionError].
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

// What ends a stream, besides [http2.StreamError]. The connection goes on.
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

// http2Fault is the end of a stream for what the server did on it.
func http2Fault(st *stream, tell http2.ErrCode, what string) *protocolError {
	return failure(tell, errcode.FromStream(uint32(tell)), "on stream "+strconv.FormatUint(uint64(st.id), 10)+" the server sent "+what)
}

// malformed is the end of a stream on which the server sent what is no response, or no
// trailers once the header has come; name is that of the field at fault, if it is one.
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

// told returns what the peer is to be told about err in RST_STREAM or GOAWAY;
// false means that it would not hear it or knows already.
func told(err error) (http2.ErrCode, bool) {
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

// endedReused returns what it means that a connection has ended without GOAWAY, with err,
// before any header of a stream that was not the first on it.
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

// notFramed reports whether err of reading the header of a frame means that it is
// not one, rather than that nothing came.
func notFramed(err error) bool {
	_, ok := told(err)
	return ok || errors.Is(err, http2.ErrFrameTooLarge)
}

// prefaceError explains why the peer's first frame did not come; heard tells
// whether anything else did.
func prefaceError(err error, heard bool) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errcode.Wrap(errNoSettings.Code, errNoSettings.Text, err)
	case isClosed(err) && heard:
		return errNotSpoken
	}
	return err
}
