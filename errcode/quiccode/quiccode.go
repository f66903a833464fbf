// Package quiccode gives the failures of quic-go their codes. It is separate from package
// errcode, so other programs can use errcode without QUIC.
package quiccode

import (
	"errors"
	"fmt"

	"github.com/quic-go/quic-go"

	"example.com/prober/errcode"
)

// Fault returns the code of err and the peer's words with it, if err is a failure of quic-go.
// The caller must quote and cut said. Fault returns nil for other errors, and for failures
// found by our own side of TLS: errcode.FromError knows these certificates and alerts.
func Fault(err error) (fault *errcode.Error, said string) {
	if e, ok := errors.AsType[*quic.StreamError](err); ok {
		return ofStream(e), ""
	}
	if e, ok := errors.AsType[*quic.ApplicationError](err); ok {
		text := fmt.Sprintf("%s closed the connection with HTTP/3 error code %#x", side(e.Remote), uint64(e.ErrorCode))
		return errcode.New(errcode.FromH3Close(uint64(e.ErrorCode)), text), e.ErrorMessage
	}
	if e, ok := errors.AsType[*quic.TransportError](err); ok {
		return ofTransport(e)
	}
	if e, ok := errors.AsType[*quic.VersionNegotiationError](err); ok {
		return errcode.New(errcode.QUICVersion, e.Error()), ""
	}
	if _, ok := errors.AsType[*quic.StatelessResetError](err); ok {
		return errcode.New(errcode.QUICStatelessReset, "the server does not know the connection (stateless reset)"), ""
	}
	if _, ok := errors.AsType[*quic.IdleTimeoutError](err); ok {
		return errcode.New(errcode.QUICIdleTimeout, "nothing came from the server for the idle time of the connection"), ""
	}
	if _, ok := errors.AsType[*quic.HandshakeTimeoutError](err); ok {
		return errcode.New(errcode.QUICHandshakeTimeout, "the QUIC handshake did not end in time"), ""
	}
	return nil, ""
}

func ofStream(e *quic.StreamError) *errcode.Error {
	text := fmt.Sprintf("%s reset stream %d with HTTP/3 error code %#x", side(e.Remote), e.StreamID, uint64(e.ErrorCode))
	return errcode.New(errcode.FromH3Stream(uint64(e.ErrorCode)), text)
}

func ofTransport(e *quic.TransportError) (fault *errcode.Error, said string) {
	if e.ErrorCode.IsCryptoError() && !e.Remote {
		return nil, ""
	}
	text := fmt.Sprintf("%s closed the connection with %s", side(e.Remote), e.ErrorCode)
	fault = errcode.New(errcode.FromQUIC(uint64(e.ErrorCode)), text)
	if e.Remote {
		return fault, e.ErrorMessage
	}
	if e.ErrorMessage != "" {
		fault.Text += ": " + e.ErrorMessage
	}
	return fault, ""
}

// side names the side that caused an error.
func side(remote bool) string {
	if remote {
		return "the server"
	}
	return "the prober"
}
