package errcode

import (
	"crypto/tls"
	"errors"
	"net"
	"reflect"
)

// Alerts with a more specific meaning in a client's handshake.
const (
	// crypto/tls sends illegalParameter after the server's certificate if the key in the
	// certificate has not made the signature that followed: the signature uses another
	// algorithm or, up to TLS 1.2, is wrong.
	illegalParameter = 47
	// crypto/tls sends decodeError for a certificate it cannot parse. If a message is at fault
	// instead, the error has a type of its own.
	decodeError = 50
)

// Handshake returns err, the failure of a handshake on conn, with the code of our side's
// last alert: [TLSNoOverlap], [TLSSignature], [CertMalformed], [CertInvalid] or [TLSALPN].
// crypto/tls returns such failures as bare texts and keeps the alert in unexported fields
// of conn, which Handshake reads by name. If the version of Go lacks them, or if err
// already has a code, Handshake returns err unchanged. The handshake must have returned.
func Handshake(conn *tls.Conn, err error) error {
	if err == nil || conn == nil || FromError(&PhaseError{Phase: PhaseTLS, Err: err}) != TLS {
		return err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return err
	}
	alert, _ := sentAlert(conn)
	return GivenUp(alert, hasShownKey(conn), err)
}

// GivenUp returns err, the failure of a handshake without a code, with the code of the alert
// by which our side ended the handshake. shown means that the server has shown a certificate
// in this handshake.
func GivenUp(alert uint8, shown bool, err error) error {
	code := fromLocalAlert(alert)
	switch {
	case alert == decodeError:
		code = CertMalformed
	case alert == illegalParameter && shown:
		code = TLSSignature
	}
	if code == TLS {
		return err
	}
	return Wrap(code, "TLS handshake given up", err)
}

// hasShownKey reports whether the server has shown a certificate in this handshake. The
// server must then prove that it has the key.
func hasShownKey(conn *tls.Conn) bool {
	state := conn.ConnectionState()
	return len(state.PeerCertificates) > 0 && !state.DidResume
}

// sentAlert returns the last alert that conn sent: conn.out.err.err.Err. The types on the
// way are permanentError, net.OpError and alert.
func sentAlert(conn *tls.Conn) (alert uint8, ok bool) {
	v := reflect.ValueOf(conn)
	for _, name := range [...]string{"out", "err", "err", "Err"} {
		if v = field(v, name); !v.IsValid() {
			return 0, false
		}
	}
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return uint8(v.Uint()), true
}
