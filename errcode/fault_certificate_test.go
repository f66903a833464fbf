package errcode_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
)

// certificate says what is to be wrong with a certificate. The zero value is one
// for host.test that is right in all but its issuer.
type certificate struct {
	name       string // host.test if empty
	from, to   time.Duration
	ca         bool
	pathLen    int // of a CA; -1 is none
	permitted  string
	usage      x509.ExtKeyUsage // server authentication if 0
	signature  x509.SignatureAlgorithm
	extensions []pkix.Extension
}

// certificateCase is a certificate that a client who trusts the roots refuses.
type certificateCase struct {
	name  string
	want  errcode.Code
	cert  tls.Certificate
	roots [][]byte
}

func certificateCases() []certificateCase {
	const day = 24 * time.Hour
	root := issue(nil, certificate{name: "root", ca: true, pathLen: 0})
	chain := func(leaf certificate, above ...certificate) tls.Certificate {
		issuer := root
		for _, ca := range above {
			issuer = issue(&issuer, ca)
		}
		return issue(&issuer, leaf)
	}
	strange := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}
	cases := []certificateCase{
		{name: "the certificate is self-signed", want: errcode.UnknownAuthority, cert: issue(nil, certificate{})},
		{name: "the certificate is for another host", want: errcode.HostnameMismatch, cert: chain(certificate{name: "other.test"})},
		{name: "the certificate has expired", want: errcode.CertExpired, cert: chain(certificate{from: -2 * day, to: -day})},
		{name: "the certificate is not valid yet", want: errcode.CertNotYetValid, cert: chain(certificate{from: day, to: 2 * day})},
		{name: "the certificate is one for clients", want: errcode.CertUsage, cert: chain(certificate{usage: x509.ExtKeyUsageClientAuth})},
		{name: "the path is too long", want: errcode.CertUsage, cert: chain(certificate{}, certificate{name: "middle", ca: true, pathLen: -1})},
		{name: "the issuer is no CA", want: errcode.CertUsage, cert: chainBelowLeaf()},
		{name: "the CA may not issue for the host", want: errcode.CertNameConstraint, cert: constrainedChain()},
		{name: "the CA has expired", want: errcode.CertExpired, cert: expiredChain()},
		{name: "the certificate is signed with SHA-1", want: errcode.TLSSignature, cert: chain(certificate{signature: x509.ECDSAWithSHA1})},
		{name: "the certificate has an unknown critical extension", want: errcode.CertInvalid, cert: chain(certificate{extensions: []pkix.Extension{strange}})},
	}
	for i, c := range cases {
		for _, der := range c.cert.Certificate[1:] {
			cert, err := x509.ParseCertificate(der)
			if err == nil && cert.Subject.CommonName != "middle" {
				cases[i].roots = append(cases[i].roots, der)
			}
		}
	}
	return cases
}

// certificateFaults are met by tls.Dial.
func certificateFaults() []fault {
	var all []fault
	for _, c := range certificateCases() {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(encoded(c.roots...))
		all = append(all, fault{name: c.name + ", seen by tls.Dial", want: c.want, fail: func(t lab) error {
			server := &tls.Config{Certificates: []tls.Certificate{c.cert}}
			return handshake(t, secured(t, server), &tls.Config{RootCAs: pool, ServerName: "host.test"})
		}})
	}
	return all
}

// chainBelowLeaf is a certificate issued by one that is no CA.
func chainBelowLeaf() tls.Certificate {
	leaf := issue(nil, certificate{name: "leaf"})
	return issue(&leaf, certificate{})
}

func constrainedChain() tls.Certificate {
	root := issue(nil, certificate{name: "root", ca: true, pathLen: -1, permitted: "other.test"})
	return issue(&root, certificate{})
}

func expiredChain() tls.Certificate {
	root := issue(nil, certificate{name: "root", ca: true, pathLen: -1, from: -2 * time.Hour, to: -time.Hour})
	return issue(&root, certificate{})
}

// issue makes a certificate below issuer, self-signed without one, followed by
// the issuer's own chain.
func issue(issuer *tls.Certificate, c certificate) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := c.template()
	parent, signer, above := template, crypto.PrivateKey(key), [][]byte(nil)
	if issuer != nil {
		if parent, err = x509.ParseCertificate(issuer.Certificate[0]); err != nil {
			panic(err)
		}
		signer, above = issuer.PrivateKey, issuer.Certificate
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: append([][]byte{der}, above...), PrivateKey: key}
}

func (c certificate) template() *x509.Certificate {
	if c.name == "" {
		c.name = "host.test"
	}
	if c.to == 0 {
		c.from, c.to = -time.Hour, time.Hour
	}
	if c.usage == x509.ExtKeyUsageAny {
		c.usage = x509.ExtKeyUsageServerAuth
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: c.name},
		DNSNames:              []string{c.name},
		NotBefore:             time.Now().Add(c.from),
		NotAfter:              time.Now().Add(c.to),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		SignatureAlgorithm:    c.signature,
		ExtraExtensions:       c.extensions,
		BasicConstraintsValid: true,
		IsCA:                  c.ca,
	}
	if !c.ca {
		template.ExtKeyUsage = []x509.ExtKeyUsage{c.usage}
		return template
	}
	template.KeyUsage |= x509.KeyUsageCertSign
	template.MaxPathLen, template.MaxPathLenZero = c.pathLen, c.pathLen == 0
	if c.permitted != "" {
		template.PermittedDNSDomainsCritical, template.PermittedDNSDomains = true, []string{c.permitted}
	}
	return template
}

// The clock of the verification may be another than the host's; a certificate
// that is valid now counts as expired.
func TestAnExpiredCertificateOfAnotherClock(t *testing.T) {
	t.Parallel()
	leaf, err := x509.ParseCertificate(issue(nil, certificate{}).Certificate[0])
	require.NoError(t, err)
	expired := x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired}
	require.Equal(t, errcode.CertExpired, errcode.FromError(expired))
	require.Equal(t, errcode.CertExpired, errcode.FromError(x509.CertificateInvalidError{Reason: x509.Expired}))
}
