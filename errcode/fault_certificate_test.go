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
	"net/http"
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

// certificateFaults are those of certificates, each met by tls.Dial and by
// net/http.
func certificateFaults() []fault {
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
	cases := []struct {
		name string
		want errcode.Code
		cert tls.Certificate
	}{
		{"the certificate is self-signed", errcode.UnknownAuthority, issue(nil, certificate{})},
		{"the certificate is for another host", errcode.HostnameMismatch, chain(certificate{name: "other.test"})},
		{"the certificate has expired", errcode.CertExpired, chain(certificate{from: -2 * day, to: -day})},
		{"the certificate is not valid yet", errcode.CertNotYetValid, chain(certificate{from: day, to: 2 * day})},
		{"the certificate is one for clients", errcode.CertUsage, chain(certificate{usage: x509.ExtKeyUsageClientAuth})},
		{"the path is too long", errcode.CertUsage, chain(certificate{}, certificate{name: "middle", ca: true, pathLen: -1})},
		{"the issuer is no CA", errcode.CertUsage, chainBelowLeaf()},
		{"the CA may not issue for the host", errcode.CertNameConstraint, constrainedChain()},
		{"the CA has expired", errcode.CertExpired, expiredChain()},
		{"the certificate is signed with SHA-1", errcode.TLSSignature, chain(certificate{signature: x509.ECDSAWithSHA1})},
		{"the certificate has an unknown critical extension", errcode.CertInvalid, chain(certificate{extensions: []pkix.Extension{strange}})},
	}
	var all []fault
	for _, c := range cases {
		pool := x509.NewCertPool()
		for _, der := range c.cert.Certificate[1:] {
			cert, err := x509.ParseCertificate(der)
			if err == nil && cert.Subject.CommonName != "middle" {
				pool.AddCert(cert)
			}
		}
		server := &tls.Config{Certificates: []tls.Certificate{c.cert}}
		client := &tls.Config{RootCAs: pool, ServerName: "host.test"}
		all = append(all,
			fault{name: c.name, want: c.want, fail: func(t lab) error {
				return handshake(t, secured(t, server), client)
			}},
			fault{name: c.name + ", seen by net/http", want: c.want, fail: func(t lab) error {
				return get(t, &http.Transport{TLSClientConfig: client.Clone()}, "https://"+secured(t, server))
			}},
		)
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
