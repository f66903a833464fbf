package transport

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

	"example.com/prober/errcode"
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
		assert.False(t, revoked(staple, leaf, newAuthority(t).cert), "%s is of another issuer", name)
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

func TestStapledRevocation(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	tests := map[string]struct {
		status   int
		signer   *authority
		insecure bool
		code     errcode.Code
	}{
		"good":                           {status: ocsp.Good, signer: ca},
		"revoked":                        {status: ocsp.Revoked, signer: ca, code: errcode.CertRevoked},
		"unknown to the responder":       {status: ocsp.Unknown, signer: ca},
		"revoked, says another":          {status: ocsp.Revoked, signer: newAuthority(t)},
		"revoked, and nobody wants that": {status: ocsp.Revoked, signer: ca, insecure: true},
	}
	for name, test := range tests {
		for versionName, version := range versions {
			t.Run(name+", "+versionName, func(t *testing.T) {
				t.Parallel()
				cert := ca.issue(t)
				cert.OCSPStaple = test.signer.staple(t, cert.Leaf, test.status)
				p := listen(t, secured(&tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}))
				r := do(newTransport(t, Config{
					URL: p.url("https"),
					TLS: TLSOptions{CA: ca.pem(), InsecureSkipVerify: test.insecure},
				}), patience)
				require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
				assert.NotNil(t, r.TLS)
			})
		}
	}
}

// Whoever has a certificate of the issuer could sign.
func TestWhoMaySayThatACertificateIsRevoked(t *testing.T) {
	t.Parallel()
	root := newAuthority(t)
	issuer := root.below(t)
	forOCSP := func(cert *x509.Certificate) { cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} }
	past := func(cert *x509.Certificate) { cert.NotAfter = time.Now().Add(-time.Minute) }
	asAuthority := func(cert tls.Certificate) *authority {
		return &authority{cert: cert.Leaf, key: cert.PrivateKey.(crypto.Signer)}
	}
	for name, test := range map[string]struct {
		by        *authority
		alone     bool // the response comes without the certificate of who signs it
		algorithm x509.SignatureAlgorithm
		heeded    bool
	}{
		"the issuer":                                {by: issuer, alone: true, heeded: true},
		"the issuer, by SHA-384":                    {by: issuer, alone: true, algorithm: x509.ECDSAWithSHA384, heeded: true},
		"the issuer, with its certificate":          {by: issuer, heeded: true},
		"a responder of the issuer":                 {by: asAuthority(issuer.issue(t, forOCSP)), heeded: true},
		"a responder, without its certificate":      {by: asAuthority(issuer.issue(t, forOCSP)), alone: true},
		"a responder whose certificate has ended":   {by: asAuthority(issuer.issue(t, forOCSP, past))},
		"a server with a certificate of the issuer": {by: asAuthority(issuer.issue(t))},
		"an authority below the issuer":             {by: issuer.below(t)},
		"a responder of the root":                   {by: asAuthority(root.issue(t, forOCSP))},
		"the root":                                  {by: root},
		"the issuer, by SHA-1":                      {by: issuer, alone: true, algorithm: x509.ECDSAWithSHA1},
	} {
		leaf := issuer.issue(t).Leaf
		said := ocsp.Response{Status: ocsp.Revoked, SerialNumber: leaf.SerialNumber, ThisUpdate: time.Now(), RevokedAt: time.Now(), SignatureAlgorithm: test.algorithm}
		if !test.alone {
			said.Certificate = test.by.cert
		}
		staple, err := ocsp.CreateResponse(issuer.cert, test.by.cert, said, test.by.key)
		require.NoError(t, err)
		assert.Equal(t, test.heeded, revoked(staple, leaf, issuer.cert), name)
		assert.False(t, revoked(staple, issuer.issue(t).Leaf, issuer.cert), "%s, of another certificate", name)
	}
}

// staple returns a's OCSP response about leaf.
func (a *authority) staple(t testing.TB, leaf *x509.Certificate, status int) []byte {
	t.Helper()
	now := time.Now()
	said := ocsp.Response{Status: status, SerialNumber: leaf.SerialNumber, ThisUpdate: now, RevokedAt: now}
	response, err := ocsp.CreateResponse(a.cert, a.cert, said, a.key)
	require.NoError(t, err)
	return response
}

func BenchmarkRevoked(b *testing.B) {
	ca := newAuthority(b)
	leaf := ca.issue(b).Leaf
	staple := ca.staple(b, leaf, ocsp.Good)
	b.ReportAllocs()
	for b.Loop() {
		if revoked(staple, leaf, ca.cert) {
			b.Fatal("revoked")
		}
	}
}
