package transport

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
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
				cert.OCSPStaple = peers.Staple(t, cert, ca.itself(), test.signer.itself(), test.status)
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
