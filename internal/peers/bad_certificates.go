package peers

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/ocsp"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers/certs"
)

// BadCertificate is a chain that a client with the roots refuses.
type BadCertificate struct {
	Name  string // in one word
	Says  string // in a sentence
	Code  errcode.Code
	Cert  tls.Certificate
	Roots []byte // in the format of a file
}

// BadCertificates returns chains with one mistake each. They are for a server at name.test and 127.0.0.1.
func BadCertificates() []BadCertificate {
	const day = 24 * time.Hour
	root := certs.Issue(nil, certs.Authority, certs.Shallow)
	below := func(issuer tls.Certificate, changes ...certs.Change) tls.Certificate {
		return certs.Issue(&issuer, changes...)
	}
	deep := below(root, certs.Authority)
	noAuthority := certs.Issue(nil)
	constrained := certs.Issue(nil, certs.Authority, certs.Permitting("other.test"))
	gone := certs.Issue(nil, certs.Authority, certs.Lasting(-2*day, -day))
	sha1 := func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }
	strange := func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
	}
	all := []BadCertificate{
		{Name: "self-signed", Says: "the certificate is self-signed", Code: errcode.UnknownAuthority, Cert: certs.Issue(nil)},
		{Name: "other-host", Says: "the certificate is for another host", Code: errcode.HostnameMismatch, Cert: below(root, certs.For("other.test"))},
		{Name: "expired", Says: "the certificate has expired", Code: errcode.CertExpired, Cert: below(root, certs.Lasting(-2*day, -day))},
		{Name: "early", Says: "the certificate is not valid yet", Code: errcode.CertNotYetValid, Cert: below(root, certs.Lasting(day, 2*day))},
		{Name: "for-clients", Says: "the certificate is one for clients", Code: errcode.CertUsage, Cert: below(root, certs.ForClients)},
		{Name: "path-too-long", Says: "the path is too long", Code: errcode.CertUsage, Cert: below(deep)},
		{Name: "no-ca", Says: "the issuer is no CA", Code: errcode.CertUsage, Cert: below(noAuthority)},
		{Name: "constrained", Says: "the CA may not issue for the host", Code: errcode.CertNameConstraint, Cert: below(constrained)},
		{Name: "ca-expired", Says: "the CA has expired", Code: errcode.CertExpired, Cert: below(gone)},
		{Name: "sha1", Says: "the certificate is signed with SHA-1", Code: errcode.TLSSignature, Cert: below(root, sha1)},
		{Name: "critical-extension", Says: "the certificate has an unknown critical extension", Code: errcode.CertInvalid, Cert: below(root, strange)},
	}
	for i, c := range all {
		if chain := c.Cert.Certificate; len(chain) > 1 {
			all[i].Roots = certs.PEM(tls.Certificate{Certificate: chain[len(chain)-1:]})
		}
	}
	return all
}

// Unusable returns two unusable certificates for a server: one with the key of another certificate, and one with bytes
// in place of a certificate.
func Unusable(bytes string) (wrongKey, garbage tls.Certificate) {
	one, other := certs.Issue(nil), certs.Issue(nil)
	return tls.Certificate{Certificate: one.Certificate, PrivateKey: other.PrivateKey},
		tls.Certificate{Certificate: [][]byte{[]byte(bytes)}, PrivateKey: other.PrivateKey}
}

// Staple returns an OCSP response of signer about a certificate of issuer. status is [ocsp.Good], [ocsp.Revoked] or
// [ocsp.Unknown].
func Staple(t T, cert, issuer, signer tls.Certificate, status int) []byte {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	said := ocsp.Response{Status: status, SerialNumber: cert.Leaf.SerialNumber, ThisUpdate: now, RevokedAt: now}
	response, err := ocsp.CreateResponse(issuer.Leaf, signer.Leaf, said, signer.PrivateKey.(crypto.Signer))
	must(t, err)
	return response
}
