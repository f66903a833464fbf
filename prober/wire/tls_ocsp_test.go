package wire

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

func TestOCSPResponsesOfOpenSSL(t *testing.T) {
	t.Parallel()
	leaf, issuer := readCertificate(t, "leaf.pem"), readCertificate(t, "ca.pem")
	for name, want := range map[string]bool{
		"good.der":              false,
		"revoked.der":           true,
		"revoked-delegated.der": true,
		"revoked-forged.der":    false,
	} {
		staple, err := os.ReadFile(filepath.Join("testdata", "ocsp", name))
		require.NoError(t, err)
		assert.Equal(t, want, revoked(staple, leaf, issuer), name)
		assert.False(t, revoked(staple, issuer, issuer), "%s is about another certificate", name)
		assert.False(t, revoked(staple, leaf, certs.Issue(nil, certs.Authority).Leaf), "%s is of another issuer", name)
		for size := range staple {
			assert.False(t, revoked(staple[:size], leaf, issuer), "%s, its first %d bytes", name, size)
		}
	}
}

func readCertificate(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "ocsp", name))
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	require.NotNil(t, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return cert
}

// Whoever has a certificate of the issuer could sign.
func TestWhoMaySayThatACertificateIsRevoked(t *testing.T) {
	t.Parallel()
	root := certs.Issue(nil, certs.Authority)
	issuer := certs.Issue(&root, certs.Authority)
	forOCSP := func(cert *x509.Certificate) { cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} }
	past := func(cert *x509.Certificate) { cert.NotAfter = time.Now().Add(-time.Minute) }
	for name, test := range map[string]struct {
		by        tls.Certificate
		alone     bool // the response comes without the certificate of its signer
		algorithm x509.SignatureAlgorithm
		heeded    bool
	}{
		"the issuer":                                {by: issuer, alone: true, heeded: true},
		"the issuer, by SHA-384":                    {by: issuer, alone: true, algorithm: x509.ECDSAWithSHA384, heeded: true},
		"the issuer, with its certificate":          {by: issuer, heeded: true},
		"a responder of the issuer":                 {by: certs.Issue(&issuer, forOCSP), heeded: true},
		"a responder, without its certificate":      {by: certs.Issue(&issuer, forOCSP), alone: true},
		"a responder whose certificate has ended":   {by: certs.Issue(&issuer, forOCSP, past)},
		"a server with a certificate of the issuer": {by: certs.Issue(&issuer)},
		"an authority below the issuer":             {by: certs.Issue(&issuer, certs.Authority)},
		"a responder of the root":                   {by: certs.Issue(&root, forOCSP)},
		"the root":                                  {by: root},
		"the issuer, by SHA-1":                      {by: issuer, alone: true, algorithm: x509.ECDSAWithSHA1},
	} {
		leaf := certs.Issue(&issuer).Leaf
		said := ocsp.Response{Status: ocsp.Revoked, SerialNumber: leaf.SerialNumber, ThisUpdate: time.Now(), RevokedAt: time.Now(), SignatureAlgorithm: test.algorithm}
		if !test.alone {
			said.Certificate = test.by.Leaf
		}
		staple, err := ocsp.CreateResponse(issuer.Leaf, test.by.Leaf, said, test.by.PrivateKey.(crypto.Signer))
		require.NoError(t, err)
		assert.Equal(t, test.heeded, revoked(staple, leaf, issuer.Leaf), name)
		assert.False(t, revoked(staple, certs.Issue(&issuer).Leaf, issuer.Leaf), "%s, of another certificate", name)
	}
}

func BenchmarkRevoked(b *testing.B) {
	ca := certs.Issue(nil, certs.Authority)
	leaf := certs.Issue(&ca).Leaf
	staple := peers.Staple(b, tls.Certificate{Leaf: leaf}, ca, ca, ocsp.Good)
	b.ReportAllocs()
	for b.Loop() {
		if revoked(staple, leaf, ca.Leaf) {
			b.Fatal("revoked")
		}
	}
}
