package errcode

import (
	"crypto/tls"
	"errors"
	"net"
	"reflect"
)

// Alerts that mean more in a client's handshake than elsewhere.
const (
	// illegalParameter is what crypto/tls sends after the server's certificate if the
	// key in it has not made the signature that followed: with another algorithm, or,
	// up to TLS 1.2, at all.
	illegalParameter = 47
	// decodeError is what it sends for a certificate it cannot parse; where it is about
	// a message instead, the error has a type that says so.
	decodeError = 50
)

// Handshake returns err, the failure of a handshake on conn, with the code of
// the alert with which our side gave it up: [TLSNoOverlap], [TLSSignature],
// [CertMalformed], [CertInvalid] or [TLSALPN]. crypto/tls returns such failures
// as bare texts and keeps the alert in unexported fields of conn, where it is
// read by name; with a version of Go that lacks them err comes back as it is, as
// does an err that has a code of its own. The handshake must have returned.
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

// GivenUp returns err, the failure of a handshake that has no code of its own, with that of
// the alert with which our side gave it up. Shown means that the server has shown a
// certificate in this handshake.
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

// hasShownKey reports whether the server has shown a certificate in this handshake,
// after which it has to prove that it has the key.
func hasShownKey(conn *tls.Conn) bool {
	state := conn.ConnectionState()
	return len(state.PeerCertificates) > 0 && !state.DidResume
}

// sentAlert returns the last alert that conn sent: conn.out.err.err.Err, whose
// types are permanentError, net.OpError and alert.
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
