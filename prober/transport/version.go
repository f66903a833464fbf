package transport

import (
	"crypto/tls"
	"errors"
	"net/http"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/http2"
	"example.com/prober/prober/http3"
	"example.com/prober/prober/wire"
)

var (
	errALPN          = errcode.New(errcode.TLSALPN, "the server did not choose h2 by ALPN")
	errVersionNeeds  = errors.New("HTTP/2 needs https; without TLS there is h2c")
	errH2CScheme     = errors.New("h2c is without TLS and needs the scheme http")
	errH2CForwarding = errors.New("h2c cannot go through a proxy that forwards requests")
	errHTTP3Scheme   = errors.New("HTTP/3 needs https")
	errHTTP3Proxy    = errors.New("HTTP/3 cannot go through a proxy")
	errEarlyMethod   = errors.New("early data is for safe methods only")
	errHTTP3TLS      = errors.New("HTTP/3 needs TLS 1.3, which the highest TLS version excludes")
)

const (
	alpnHTTP2  = "h2"
	alpnHTTP11 = "http/1.1"
)

// checkVersion returns an error if v cannot be spoken to a URL of the given scheme. forwarded
// means that a proxy takes the requests itself.
func checkVersion(v option.HTTPVersion, scheme string, forwarded bool) error {
	switch {
	case v == option.OnlyHTTP2 && scheme != "https":
		return errVersionNeeds
	case v == option.H2C && scheme != "http":
		return errH2CScheme
	case v == option.H2C && forwarded:
		return errH2CForwarding
	}
	return nil
}

// multiplexes reports whether HTTP/2 may be spoken to a URL of the given scheme.
func multiplexes(v option.HTTPVersion, scheme string) bool {
	return v == option.OnlyHTTP2 || v == option.H2C || v.IsAuto() && scheme == "https"
}

// protocols returns the protocols to offer by ALPN. HTTP/1.1 is offered even if it may not be
// used. A server with nothing else then says so; otherwise it would give up the handshake, and
// that could have another reason.
func protocols(v option.HTTPVersion) []string {
	switch v {
	case option.OnlyHTTP11:
		return []string{alpnHTTP11}
	case option.OnlyHTTP3:
		return []string{http3.Protocol}
	}
	return []string{alpnHTTP2, alpnHTTP11}
}

// negotiated reports whether to speak HTTP/2 on l, a link just dialled.
func negotiated(v option.HTTPVersion, l *wire.Link) (bool, error) {
	if v == option.H2C {
		return true, nil
	}
	state, secured := l.State()
	switch {
	case !secured:
		return false, nil
	case state.NegotiatedProtocol != alpnHTTP2 && v == option.OnlyHTTP2:
		return false, errALPN
	case state.NegotiatedProtocol != alpnHTTP2:
		return false, nil
	// HTTP/2 needs TLS 1.2 (RFC 9113, section 9.2).
	case state.Version < tls.VersionTLS12:
		return false, http2.ErrWeakTLS
	}
	return true, nil
}

// checkVersion returns an error if t cannot speak its version of HTTP.
func (t *Transport) checkVersion() error {
	if t.cfg.HTTPVersion == option.OnlyHTTP3 {
		return t.checkHTTP3()
	}
	_, forwarded := t.dialer.Forwards()
	return checkVersion(t.cfg.HTTPVersion, t.cfg.URL.Scheme, forwarded)
}

// checkHTTP3 returns an error if there is no way to speak HTTP/3.
func (t *Transport) checkHTTP3() error {
	highest := t.cfg.TLS.MaxVersion
	switch {
	case t.cfg.URL.Scheme != "https":
		return errHTTP3Scheme
	case t.dialer.IsProxied():
		return errHTTP3Proxy
	case highest != 0 && highest < tls.VersionTLS13:
		return errHTTP3TLS
	}
	return nil
}

// isSafe reports whether a method asks for no change (RFC 9110, section 9.2.1). Only these
// may be sent as early data.
func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}
