package errcode

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"math/bits"
	"net/http"
	"reflect"
	"time"
)

// secure takes in the types of crypto/tls, crypto/x509 and encoding/asn1.
func (f *facts) secure(err error) bool {
	switch e := err.(type) {
	case tls.RecordHeaderError:
		first(&f.tls, fromRecordHeader(e))
	case *tls.CertificateVerificationError:
	case *tls.ECHRejectionError:
		first(&f.tls, TLS)
	case tls.AlertError:
		first(&f.tls, fromLocalAlert(uint8(e)))
	case x509.CertificateInvalidError:
		first(&f.tls, fromCertificate(e))
	case x509.UnknownAuthorityError:
		first(&f.tls, fromUnknownAuthority(e))
	case x509.SystemRootsError:
		first(&f.tls, UnknownAuthority)
	case x509.HostnameError:
		first(&f.tls, HostnameMismatch)
	case x509.InsecureAlgorithmError:
		first(&f.tls, TLSSignature)
	case x509.ConstraintViolationError:
		first(&f.tls, CertUsage)
	case x509.UnhandledCriticalExtension:
		first(&f.tls, CertInvalid)
	case asn1.StructuralError, asn1.SyntaxError:
		first(&f.tls, CertMalformed)
	default:
		return f.tlsSentinel(err)
	}
	return true
}

func (f *facts) tlsSentinel(err error) bool {
	switch err {
	case http.ErrSchemeMismatch:
		first(&f.tls, TLSPlainHTTP)
	case x509.ErrUnsupportedAlgorithm:
		first(&f.tls, TLSSignature)
	default:
		return false
	}
	return true
}

// fromRecordHeader returns the code for five bytes that should have been a TLS record
// header.
func fromRecordHeader(e tls.RecordHeaderError) Code {
	if string(e.RecordHeader[:]) == "HTTP/" {
		return TLSPlainHTTP
	}
	return TLSRecord
}

// fromCertificate distinguishes an expired certificate from a future one by the clock:
// crypto/x509 gives both the same reason.
func fromCertificate(e x509.CertificateInvalidError) Code {
	switch e.Reason {
	case x509.Expired:
		if e.Cert != nil && time.Now().Before(e.Cert.NotBefore) {
			return CertNotYetValid
		}
		return CertExpired
	case x509.NotAuthorizedToSign, x509.TooManyIntermediates, x509.IncompatibleUsage, x509.CANotAuthorizedForExtKeyUsage:
		return CertUsage
	case x509.CANotAuthorizedForThisName, x509.NameConstraintsWithoutSANs, x509.UnconstrainedName, x509.TooManyConstraints:
		return CertNameConstraint
	}
	return CertInvalid
}

// fromUnknownAuthority distinguishes an unknown issuer from a known one without the right
// to sign. crypto/x509 keeps that reason in an unexported field; fromUnknownAuthority
// reads only its type.
func fromUnknownAuthority(e x509.UnknownAuthorityError) Code {
	hint := field(reflect.ValueOf(e), "hintErr")
	if hint.Kind() != reflect.Interface || hint.IsNil() {
		return UnknownAuthority
	}
	switch hint.Elem().Type() {
	case reflect.TypeFor[x509.InsecureAlgorithmError]():
		return TLSSignature
	case reflect.TypeFor[x509.ConstraintViolationError]():
		return CertUsage
	}
	if hasShortKey(field(reflect.ValueOf(e), "hintCert")) {
		return TLSSignature
	}
	return UnknownAuthority
}

// hasShortKey reports whether a certificate has an RSA key that is too short for
// crypto/rsa. The error has no type.
func hasShortKey(cert reflect.Value) bool {
	const shortest = 1024 // bits
	words := field(field(field(cert, "PublicKey"), "N"), "abs")
	if words.Kind() != reflect.Slice || words.Len() == 0 {
		return false
	}
	top := words.Index(words.Len() - 1)
	return top.CanUint() && (words.Len()-1)*bits.UintSize+bits.Len(uint(top.Uint())) < shortest
}

// alert takes in the unexported alert type of crypto/tls.
func (f *facts) alert(err error, code func(uint8) Code) {
	v := reflect.ValueOf(err)
	if err == nil || v.Kind() != reflect.Uint8 || v.Type().PkgPath() != "crypto/tls" {
		first(&f.tls, TLS)
		return
	}
	first(&f.tls, code(uint8(v.Uint())))
}

// fromLocalAlert returns the code of an alert with which our own side gave up.
func fromLocalAlert(alert uint8) Code {
	switch alert {
	case 40, 70, 71: // handshake_failure, protocol_version, insufficient_security
		return TLSNoOverlap
	case 42, 43: // bad_certificate, unsupported_certificate
		return CertInvalid
	case 51: // decrypt_error
		return TLSSignature
	case 120: // no_application_protocol
		return TLSALPN
	}
	return TLS
}
