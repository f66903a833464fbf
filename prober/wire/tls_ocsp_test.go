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
	"example.com/prober/prober/internal/lab"
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
		assert.False(t, revoked(staple, leaf, lab.NewAuthority(t).Cert), "%s is of another issuer", name)
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
	root := lab.NewAuthority(t)
	issuer := root.Below(t)
	forOCSP := func(cert *x509.Certificate) { cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} }
	past := func(cert *x509.Certificate) { cert.NotAfter = time.Now().Add(-time.Minute) }
	asAuthority := func(cert tls.Certificate) *lab.Authority {
		return &lab.Authority{Cert: cert.Leaf, Key: cert.PrivateKey.(crypto.Signer)}
	}
	for name, test := range map[string]struct {
		by        *lab.Authority
		alone     bool // the response comes without the certificate of who signs it
		algorithm x509.SignatureAlgorithm
		heeded    bool
	}{
		"the issuer":                                {by: issuer, alone: true, heeded: true},
		"the issuer, by SHA-384":                    {by: issuer, alone: true, algorithm: x509.ECDSAWithSHA384, heeded: true},
		"the issuer, with its certificate":          {by: issuer, heeded: true},
		"a responder of the issuer":                 {by: asAuthority(issuer.Issue(t, forOCSP)), heeded: true},
		"a responder, without its certificate":      {by: asAuthority(issuer.Issue(t, forOCSP)), alone: true},
		"a responder whose certificate has ended":   {by: asAuthority(issuer.Issue(t, forOCSP, past))},
		"a server with a certificate of the issuer": {by: asAuthority(issuer.Issue(t))},
		"an authority below the issuer":             {by: issuer.Below(t)},
		"a responder of the root":                   {by: asAuthority(root.Issue(t, forOCSP))},
		"the root":                                  {by: root},
		"the issuer, by SHA-1":                      {by: issuer, alone: true, algorithm: x509.ECDSAWithSHA1},
	} {
		leaf := issuer.Issue(t).Leaf
		said := ocsp.Response{Status: ocsp.Revoked, SerialNumber: leaf.SerialNumber, ThisUpdate: time.Now(), RevokedAt: time.Now(), SignatureAlgorithm: test.algorithm}
		if !test.alone {
			said.Certificate = test.by.Cert
		}
		staple, err := ocsp.CreateResponse(issuer.Cert, test.by.Cert, said, test.by.Key)
		require.NoError(t, err)
		assert.Equal(t, test.heeded, revoked(staple, leaf, issuer.Cert), name)
		assert.False(t, revoked(staple, issuer.Issue(t).Leaf, issuer.Cert), "%s, of another certificate", name)
	}
}

func BenchmarkRevoked(b *testing.B) {
	ca := lab.NewAuthority(b)
	leaf := ca.Issue(b).Leaf
	staple := peers.Staple(b, tls.Certificate{Leaf: leaf}, ca.Pair(), ca.Pair(), ocsp.Good)
	b.ReportAllocs()
	for b.Loop() {
		if revoked(staple, leaf, ca.Cert) {
			b.Fatal("revoked")
		}
	}
}
