package errcode

import "slices"

// alerts are the TLS alerts with a code of their own: the alert at position i has the
// code 1321+i (RFC 8446, section 6; RFC 7507 for 86).
var alerts = [...]uint8{
	10, 20, 22, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
	70, 71, 80, 86, 90, 109, 110, 112, 113, 115, 116, 120,
}

// FromStatus returns the code of a response's status: [OK] for 100 to 399, 1000+status
// for 400 to 599, and [HTTP1StatusRange] for any other number (RFC 9110, section 15).
func FromStatus(status int) Code {
	switch {
	case status < 100 || status > 599:
		return HTTP1StatusRange
	case status < 400:
		return OK
	}
	return Code(1000 + status)
}

// FromAlert returns the code of a TLS alert from the peer, or [TLSAlert] if the alert has
// no code of its own.
func FromAlert(alert uint8) Code {
	i := slices.Index(alerts[:], alert)
	if i < 0 {
		return TLSAlert
	}
	return AlertUnexpectedMessage + Code(i)
}

// FromGoAway returns the code of a GOAWAY frame with HTTP/2 error code n.
func FromGoAway(n uint32) Code { return compute(GoAway, n) }

// FromStream returns the code of a stream error with HTTP/2 error code n. The peer sent
// it in RST_STREAM or our side found it.
func FromStream(n uint32) Code { return compute(Stream, n) }

// FromConnection returns the code of a connection error with HTTP/2 error code n. Our
// side found it.
func FromConnection(n uint32) Code { return compute(Connection, n) }

func compute(family Code, n uint32) Code {
	if n >= uint32(len(http2Names)) {
		return family
	}
	return family + 1 + Code(n)
}
