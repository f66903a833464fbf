package wire

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"example.com/prober/errcode"
)

var errRevoked = errcode.New(errcode.CertRevoked, "the certificate is revoked, by the OCSP response that the server stapled")

// revoked reports whether a stapled response says that leaf is revoked. It must be signed
// by the issuer or by a responder that the issuer has certified for this; any other
// stapled response means nothing. A revocation has no end, so the validity of the
// response itself is not looked at.
func revoked(staple []byte, leaf, issuer *x509.Certificate) bool {
	if len(staple) == 0 { // the usual case
		return false
	}
	// Package ocsp does not get the issuer. With an issuer, it would accept a response
	// from any certificate signed by the issuer, but not from an issuer that sends its
	// own certificate along.
	response, err := ocsp.ParseResponseForCert(staple, leaf, nil)
	if err != nil || response.Status != ocsp.Revoked || !isSafe(response.SignatureAlgorithm) {
		return false
	}
	if response.CheckSignatureFrom(issuer) == nil {
		return true
	}
	responder := response.Certificate // it has signed the response: package ocsp has checked that
	return responder != nil && isResponder(responder, issuer)
}

// isSafe reports whether a signature is of an algorithm still thought safe. Whoever can
// forge a signature could otherwise have any certificate called revoked.
func isSafe(algorithm x509.SignatureAlgorithm) bool {
	switch algorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return true
	default:
		return false
	}
}

// isResponder reports whether the issuer lets cert sign OCSP responses (RFC 6960,
// section 4.2.2.2).
func isResponder(cert, issuer *x509.Certificate) bool {
	now := time.Now()
	return slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) &&
		bytes.Equal(cert.RawIssuer, issuer.RawSubject) &&
		!now.Before(cert.NotBefore) && !now.After(cert.NotAfter) &&
		cert.CheckSignatureFrom(issuer) == nil
}
