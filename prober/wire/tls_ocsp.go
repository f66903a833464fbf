package wire

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"

	"example.com/prober/errcode"
)

var errRevoked = errcode.New(errcode.CertRevoked, "the certificate is revoked, by the OCSP response that the server stapled")

// The parts of an OCSP response that matter here (RFC 6960, section 4.2.1).
type (
	ocspResponse struct {
		Status asn1.Enumerated
		Body   ocspBody `asn1:"explicit,tag:0,optional"`
	}
	ocspBody struct {
		Type  asn1.ObjectIdentifier
		Basic []byte
	}
	ocspBasic struct {
		Data      ocspData
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
		Certs     []asn1.RawValue `asn1:"explicit,tag:0,optional"`
	}
	ocspData struct {
		Raw        asn1.RawContent
		Version    int `asn1:"explicit,tag:0,default:0,optional"`
		Responder  asn1.RawValue
		ProducedAt time.Time `asn1:"generalized"`
		Singles    []ocspSingle
		Extensions asn1.RawValue `asn1:"explicit,tag:1,optional"`
	}
	ocspSingle struct {
		ID         ocspCertID
		Status     asn1.RawValue
		ThisUpdate time.Time     `asn1:"generalized"`
		NextUpdate time.Time     `asn1:"generalized,explicit,tag:0,optional"`
		Extensions asn1.RawValue `asn1:"explicit,tag:1,optional"`
	}
	ocspCertID struct {
		Hash   pkix.AlgorithmIdentifier
		Name   []byte
		Key    []byte
		Serial *big.Int
	}
)

// revoked tells whether a stapled response says so of leaf. It must be signed by
// the issuer or by a responder that the issuer has certified for this; anything
// else that a server staples means nothing. A revocation has no end, so that the
// response's own validity is not looked at.
func revoked(staple []byte, leaf, issuer *x509.Certificate) bool {
	basic, ok := parseStaple(staple)
	if !ok || !revokes(basic.Data.Singles, leaf) {
		return false
	}
	algorithm := ocspSignature(basic.Algorithm.Algorithm)
	signature := basic.Signature.RightAlign()
	if issuer.CheckSignature(algorithm, basic.Data.Raw, signature) == nil {
		return true
	}
	for _, raw := range basic.Certs {
		responder, err := x509.ParseCertificate(raw.FullBytes)
		if err == nil && isResponder(responder, issuer) && responder.CheckSignature(algorithm, basic.Data.Raw, signature) == nil {
			return true
		}
	}
	return false
}

func parseStaple(staple []byte) (basic ocspBasic, ok bool) {
	if len(staple) == 0 { // as most servers have it
		return basic, false
	}
	basicType := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	var response ocspResponse
	if _, err := asn1.Unmarshal(staple, &response); err != nil || !response.Body.Type.Equal(basicType) {
		return basic, false
	}
	_, err := asn1.Unmarshal(response.Body.Basic, &basic)
	return basic, err == nil
}

func revokes(singles []ocspSingle, leaf *x509.Certificate) bool {
	const revokedTag = 1
	return slices.ContainsFunc(singles, func(s ocspSingle) bool {
		return s.ID.Serial != nil && s.ID.Serial.Cmp(leaf.SerialNumber) == 0 &&
			s.Status.Class == asn1.ClassContextSpecific && s.Status.Tag == revokedTag
	})
}

// isResponder tells whether the issuer lets cert sign OCSP responses (RFC 6960,
// section 4.2.2.2).
func isResponder(cert, issuer *x509.Certificate) bool {
	now := time.Now()
	return slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) &&
		bytes.Equal(cert.RawIssuer, issuer.RawSubject) &&
		!now.Before(cert.NotBefore) && !now.After(cert.NotAfter) &&
		cert.CheckSignatureFrom(issuer) == nil
}

// ocspSignature returns the algorithm with the given identifier, which has to be
// one that is still thought safe (RFC 5754, RFC 5758, RFC 8410).
func ocspSignature(id asn1.ObjectIdentifier) x509.SignatureAlgorithm {
	switch id.String() {
	case "1.2.840.113549.1.1.11":
		return x509.SHA256WithRSA
	case "1.2.840.113549.1.1.12":
		return x509.SHA384WithRSA
	case "1.2.840.113549.1.1.13":
		return x509.SHA512WithRSA
	case "1.2.840.10045.4.3.2":
		return x509.ECDSAWithSHA256
	case "1.2.840.10045.4.3.3":
		return x509.ECDSAWithSHA384
	case "1.2.840.10045.4.3.4":
		return x509.ECDSAWithSHA512
	case "1.3.101.112":
		return x509.PureEd25519
	default:
		return x509.UnknownSignatureAlgorithm
	}
}
