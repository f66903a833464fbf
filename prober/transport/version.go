package transport

import (
	"crypto/tls"
	"errors"

	"example.com/prober/errcode"
	"example.com/prober/prober/http2"
	"example.com/prober/prober/wire"
)

// HTTPVersion says which version of HTTP a transport speaks.
type HTTPVersion uint8

const (
	// AutoHTTP leaves the choice between HTTP/2 and HTTP/1.1 to the server where
	// there is TLS (RFC 7301), and is HTTP/1.1 in clear text.
	AutoHTTP HTTPVersion = iota
	// OnlyHTTP11 is HTTP/1.1, or HTTP/1.0 if the server answers so.
	OnlyHTTP11
	// OnlyHTTP2 is HTTP/2 over TLS. A server that chooses anything else by ALPN is
	// sent no request.
	OnlyHTTP2
	// H2C is HTTP/2 in clear text, with prior knowledge (RFC 9113, section 3.3).
	H2C
)

var (
	errALPN          = errcode.New(errcode.TLSALPN, "the server did not choose h2 by ALPN")
	errVersionNeeds  = errors.New("HTTP/2 needs https; without TLS there is h2c")
	errH2CScheme     = errors.New("h2c is without TLS and needs the scheme http")
	errH2CForwarding = errors.New("h2c cannot go through a proxy that forwards requests")
)

const (
	alpnHTTP2  = "h2"
	alpnHTTP11 = "http/1.1"
)

// check tells whether v can be spoken to a URL of the given scheme. forwarded means that
// a proxy takes the requests itself.
func (v HTTPVersion) check(scheme string, forwarded bool) error {
	switch {
	case v == OnlyHTTP2 && scheme != "https":
		return errVersionNeeds
	case v == H2C && scheme != "http":
		return errH2CScheme
	case v == H2C && forwarded:
		return errH2CForwarding
	}
	return nil
}

// multiplexes tells whether HTTP/2 may be spoken to a URL of the given scheme.
func (v HTTPVersion) multiplexes(scheme string) bool {
	return v == OnlyHTTP2 || v == H2C || v == AutoHTTP && scheme == "https"
}

// protocols returns what to offer by ALPN. HTTP/1.1 is offered also where it
// would not do: a server that has nothing else then says so, instead of giving
// up the handshake for a reason that could be another.
func (v HTTPVersion) protocols() []string {
	if v == OnlyHTTP11 {
		return []string{alpnHTTP11}
	}
	return []string{alpnHTTP2, alpnHTTP11}
}

// negotiated tells whether HTTP/2 is to be spoken on l, which was just dialled.
func (v HTTPVersion) negotiated(l *wire.Link) (bool, error) {
	if v == H2C {
		return true, nil
	}
	state, secured := l.State()
	switch {
	case !secured:
		return false, nil
	case state.NegotiatedProtocol != alpnHTTP2 && v == OnlyHTTP2:
		return false, errALPN
	case state.NegotiatedProtocol != alpnHTTP2:
		return false, nil
	case state.Version < tls.VersionTLS12:
		return false, http2.ErrWeakTLS
	}
	return true, nil
}

// checkVersion reports whether t can speak the version of HTTP that it is to speak.
func (t *Transport) checkVersion() error {
	_, forwarded := t.dialer.Forwards()
	return t.cfg.HTTPVersion.check(t.cfg.URL.Scheme, forwarded)
}
