// Package option has the settings of a target for its engine: plain data, declared once for
// the configuration and the engine, so neither needs to know the other. It checks nothing:
// the configuration has done so. A zero value means what the comment at its type says.
package option

// HTTPVersion says which version of HTTP is used for a target.
type HTTPVersion string

// The versions to choose from; an empty one is AutoHTTP.
const (
	// AutoHTTP leaves the choice between HTTP/2 and HTTP/1.1 to the server if the
	// connection has TLS (RFC 7301), and is HTTP/1.1 in clear text.
	AutoHTTP HTTPVersion = "auto"
	// OnlyHTTP11 is HTTP/1.1, or HTTP/1.0 if the server answers so.
	OnlyHTTP11 HTTPVersion = "1.1"
	// OnlyHTTP2 is HTTP/2 over TLS. If the server chooses anything else by ALPN, no
	// request is sent.
	OnlyHTTP2 HTTPVersion = "2"
	// H2C is HTTP/2 in clear text, with prior knowledge (RFC 9113, section 3.3).
	H2C HTTPVersion = "h2c"
	// OnlyHTTP3 is HTTP/3 over QUIC, and so over UDP.
	OnlyHTTP3 HTTPVersion = "3"
)

// IsAuto reports whether the server has the choice.
func (v HTTPVersion) IsAuto() bool { return v == AutoHTTP || v == "" }

// IPVersion restricts or orders the addresses to dial.
type IPVersion string

// The ways to choose between IPv4 and IPv6. AnyIP takes both in the order of the
// system's address selection (RFC 6724); an empty IPVersion means the same. The last two
// put one family first.
const (
	AnyIP      IPVersion = "any"
	OnlyIPv4   IPVersion = "4"
	OnlyIPv6   IPVersion = "6"
	PreferIPv4 IPVersion = "prefer4"
	PreferIPv6 IPVersion = "prefer6"
)

// Clock says which clock takes the arrival of an answer.
type Clock string

// The clocks; an empty one is the ProgramClock.
const (
	// KernelClock gives the time when the kernel received the bytes.
	KernelClock Clock = "kernel"
	// ProgramClock gives the time when the program had read them.
	ProgramClock Clock = "program"
)

// TLS configures the client side of a handshake.
type TLS struct {
	// CA holds PEM certificates to trust instead of the system's.
	CA []byte
	// Cert and Key are the PEM pair of a client certificate, or empty.
	Cert, Key []byte
	// ServerName is sent as SNI and verified; empty means the host of the URL. An
	// address is not sent and must be in the certificate as an address (RFC 6066,
	// section 3; RFC 9110, section 4.3.5).
	ServerName string
	// MinVersion and MaxVersion are crypto/tls numbers; 0 means TLS 1.2 and the
	// newest.
	MinVersion, MaxVersion uint16
	// SessionResumption lets later connections of the engine resume the session
	// of earlier ones. The certificate is verified again each time.
	SessionResumption bool
	// EarlyData sends requests over HTTP/3 before the handshake of a resumed session has
	// ended (0-RTT). Whoever records them can send them again.
	EarlyData bool
	// InsecureSkipVerify accepts any certificate.
	InsecureSkipVerify bool
}

// StatusRange is a range of statuses, both ends included.
type StatusRange struct{ From, To int }

// FieldPattern matches a response with the header field if the regular expression
// matches anywhere in a value of it. The expression is in the syntax of package regexp.
type FieldPattern struct{ Name, Pattern string }

// BodyPattern is the expectation of a decompressed body; each field that is not zero
// must be met.
type BodyPattern struct {
	// Contains is a part of the body.
	Contains string
	// Regexp is an expression in the syntax of package regexp; it matches anywhere.
	Regexp string
	// JSON has the expected values at some places of a body in JSON. A key is the path
	// to a place, its elements separated by dots: each is the key of an object, or the
	// index of an array from 0. A value is a string, float64, bool or nil.
	JSON map[string]any
}
