package http3

import (
	"context"
	"errors"
	"os"

	"github.com/quic-go/quic-go"

	"example.com/prober/errcode"
	"example.com/prober/errcode/quiccode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Error codes of HTTP/3 and QPACK (RFC 9114, section 8.1; RFC 9204, section 6).
const (
	h3NoError         = 0x100
	h3StreamCreation  = 0x103
	h3ClosedCritical  = 0x104
	h3FrameUnexpected = 0x105
	h3FrameError      = 0x106
	h3ExcessiveLoad   = 0x107
	h3ID              = 0x108
	h3Settings        = 0x109
	h3MissingSettings = 0x10a
	h3Rejected        = 0x10b
	h3Cancelled       = 0x10c
	h3Message         = 0x10e
	qpackSection      = 0x200
	qpackEncoder      = 0x201
	qpackDecoder      = 0x202
)

// fault ends a stream or a connection because of something the server did: tell is the
// code sent to the server, err the reason.
type fault struct {
	tell uint64
	err  error
	// ends means that the whole connection ends.
	ends bool
}

func (f *fault) Error() string { return f.err.Error() }

// Unwrap returns the reason.
func (f *fault) Unwrap() error { return f.err }

// spoilt returns the fault of a stream with a code of HTTP/3.
func spoilt(tell uint64, text string) *fault {
	return &fault{tell: tell, err: errcode.New(errcode.FromH3Stream(tell), text)}
}

// broken returns the fault of a connection with a code of HTTP/3.
func broken(tell uint64, text string) *fault {
	return &fault{tell: tell, err: errcode.New(errcode.FromH3Close(tell), text), ends: true}
}

// Errors that end a stream. The connection goes on.
var (
	errTimeout     = os.ErrDeadlineExceeded
	errHeaderList  = spoilt(h3ExcessiveLoad, "the server sent a response header above 64 KiB")
	errManyInterim = spoilt(h3ExcessiveLoad, "the server sent more than 32 informational responses")
	errFlood       = spoilt(h3ExcessiveLoad, "the server sent too many frames without a meaning")
	errBodyLimit   = &fault{tell: h3Cancelled, err: content.ErrBodyLimit}
	errInflated    = &fault{tell: h3Cancelled, err: content.ErrInflated}
	errNoSpace     = &fault{tell: h3Cancelled, err: content.ErrNoSpace}
	errStatus      = &fault{tell: h3Message, err: errcode.New(errcode.HTTP1StatusRange, "status outside 100-599")}
	errShort       = &fault{tell: h3Message, err: errcode.New(errcode.Truncated, "less body than declared")}
	errOverrun     = &fault{tell: h3Message, err: errcode.New(errcode.BodyOverrun, "more body than declared")}
)

// Errors that end a connection, or leave a request without one.
var (
	errRetired  = errors.New("the connection is not needed any more")
	errGoneAway = errcode.New(errcode.FromH3Close(h3NoError), "the server is going away and will not process the request (GOAWAY)")
	errNoUse    = errcode.New(errcode.HTTP3, "the connection ended before a stream could be opened")
	errNoStream = errcode.New(errcode.HTTP3, "the time ran out before the server allowed a stream")
	errLoad     = broken(h3ExcessiveLoad, "the server sent too much on its own streams that is no answer")
)

// explain gives err of quic-go its code. It quotes and cuts the peer's text.
func explain(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	explained, said := quiccode.Fault(err)
	switch {
	case explained == nil:
		return unreachable(err)
	case said != "":
		return probe.NewExcerpt(explained, said)
	}
	return explained
}

// unreachable gives a code to an ICMP error on an established connection.
func unreachable(err error) error {
	system := wire.SystemError(err)
	switch errcode.FromError(&errcode.PhaseError{Phase: errcode.PhaseConnect, Err: system}) {
	case errcode.Refused, errcode.HostUnreachable, errcode.NetworkUnreachable:
		return errcode.Wrap(errcode.UDPUnreachable, "the server cannot be reached any more", system)
	}
	return system
}

// handshakeError explains why the handshake on a socket has failed. heard means that the
// server had begun to answer, shown that it had shown a certificate.
func handshakeError(err error, heard, shown bool) error {
	switch alert, own := ownAlert(err); {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	// Our side has closed with an alert, and the error holds nothing more than that. The
	// alert says why.
	case own && errcode.FromError(&errcode.PhaseError{Phase: errcode.PhaseTLS, Err: err}) == errcode.TLS:
		return errcode.GivenUp(alert, shown, err)
	case own:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded) && heard:
		return errcode.Wrap(errcode.QUICHandshakeTimeout, "the server began to answer and did not end the QUIC handshake", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errcode.Wrap(errcode.QUICHandshakeTimeout, "no answer over UDP", err)
	case !heard:
		return wire.SystemError(err)
	}
	return explain(err)
}

// ownAlert returns the TLS alert with which our side gave the handshake up.
func ownAlert(err error) (alert uint8, ok bool) {
	const first = 0x100 // RFC 9001, section 4.8
	e, ok := errors.AsType[*quic.TransportError](err)
	if !ok || e.Remote || !e.ErrorCode.IsCryptoError() {
		return 0, false
	}
	return uint8(e.ErrorCode - first), true
}

// isRejection reports whether err means that the server has not begun with the request
// (RFC 9114, section 4.1.1), or has dropped the early data with the request.
func isRejection(err error) bool {
	e, ok := errors.AsType[*quic.StreamError](err)
	return ok && e.Remote && e.ErrorCode == h3Rejected || errors.Is(err, quic.Err0RTTRejected)
}
