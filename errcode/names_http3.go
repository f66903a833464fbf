package errcode

import (
	"fmt"
	"strings"
)

// h3Names are the HTTP/3 error codes from 0x100 on (RFC 9114, section 8.1) as the names of
// codes have them; in capitals and after H3_ they are the names in the RFC.
var h3Names = [...]string{
	"no_error", "general_protocol_error", "internal_error", "stream_creation_error", "closed_critical_stream",
	"frame_unexpected", "frame_error", "excessive_load", "id_error", "settings_error", "missing_settings",
	"request_rejected", "request_cancelled", "request_incomplete", "message_error", "connect_error", "version_fallback",
}

// quicNames are the transport error codes from 0 on (RFC 9000, section 20.1).
var quicNames = [...]string{
	"no_error", "internal_error", "connection_refused", "flow_control_error", "stream_limit_error",
	"stream_state_error", "final_size_error", "frame_encoding_error", "transport_parameter_error",
	"connection_id_limit_error", "protocol_violation", "invalid_token", "application_error",
	"crypto_buffer_exceeded", "key_update_error", "aead_limit_reached", "no_viable_path",
}

// Bounds of the numbers of HTTP/3, QPACK and QUIC's TLS alerts.
const (
	firstH3     = 0x100 // of HTTP/3
	firstQPACK  = 0x200 // of QPACK (RFC 9204, section 6)
	lastQPACK   = 0x202
	firstCrypto = 0x100 // of QUIC: an alert of TLS and this (RFC 9001, section 4.8)
	lastCrypto  = 0x1ff
)

// FromH3Close returns the code of a connection closed with HTTP/3 error code n, by either
// side.
func FromH3Close(n uint64) Code { return fromH3(h3Close, n) }

// FromH3Stream returns the code of a stream reset with HTTP/3 error code n, by either side.
func FromH3Stream(n uint64) Code { return fromH3(h3Stream, n) }

func fromH3(family Code, n uint64) Code {
	switch {
	case n >= firstQPACK && n <= lastQPACK:
		return QPACK
	case n < firstH3 || n-firstH3 >= uint64(len(h3Names)):
		return HTTP3
	}
	return family + 1 + Code(n-firstH3)
}

// FromQUIC returns the code of a connection that ended with transport error n of QUIC. If n
// contains a TLS alert, FromQUIC takes it for the peer's.
func FromQUIC(n uint64) Code {
	switch {
	case n >= firstCrypto && n <= lastCrypto:
		return FromAlert(uint8(n - firstCrypto))
	case n >= uint64(len(quicNames)):
		return HTTP3
	}
	return quicTransport + 1 + Code(n)
}

// http3 splits a computed code of QUIC or HTTP/3 into its family and the number within.
func (c Code) http3() (family Code, n int, ok bool) {
	for _, family := range [...]Code{h3Close, h3Stream, quicTransport} {
		if n := int(c) - int(family) - 1; n >= 0 && n < len(h3Names) { // all families have the same number of codes
			return family, n, true
		}
	}
	return OK, 0, false
}

func http3Name(family Code, n int) string {
	switch family {
	case h3Close:
		return "h3_close_" + h3Names[n]
	case h3Stream:
		return "h3_stream_" + h3Names[n]
	default:
		return "quic_" + quicNames[n]
	}
}

func http3Meaning(family Code, n int) string {
	switch family {
	case h3Close:
		return fmt.Sprintf("connection closed with HTTP/3 error code %#x (%s)", firstH3+n, h3Title(n))
	case h3Stream:
		return fmt.Sprintf("stream reset with HTTP/3 error code %#x (%s)", firstH3+n, h3Title(n))
	default:
		return fmt.Sprintf("QUIC transport error %d (%s)", n, strings.ToUpper(quicNames[n]))
	}
}

func h3Title(n int) string { return "H3_" + strings.ToUpper(h3Names[n]) }
