package transport

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	const good, gone, unknown = 0, 1, 2
	ca := newAuthority(t)
	tests := map[string]struct {
		status   int
		signer   *authority
		insecure bool
		code     errcode.Code
	}{
		"good":                           {status: good, signer: ca},
		"revoked":                        {status: gone, signer: ca, code: errcode.CertRevoked},
		"unknown to the responder":       {status: unknown, signer: ca},
		"revoked, says another":          {status: gone, signer: newAuthority(t)},
		"revoked, and nobody wants that": {status: gone, signer: ca, insecure: true},
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

// staple returns a's OCSP response about leaf.
func (a *authority) staple(t *testing.T, leaf *x509.Certificate, status int) []byte {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	said := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: status}
	if status == 1 {
		revokedAt, err := asn1.MarshalWithParams(now, "generalized")
		require.NoError(t, err)
		said.IsCompound, said.Bytes = true, revokedAt
	}
	data := ocspData{
		Responder:  asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, IsCompound: true, Bytes: []byte{4, 0}},
		ProducedAt: now,
		Singles: []ocspSingle{{
			ID:         ocspCertID{Hash: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}}, Serial: leaf.SerialNumber},
			Status:     said,
			ThisUpdate: now,
		}},
	}
	signed, err := asn1.Marshal(data)
	require.NoError(t, err)
	digest := sha256.Sum256(signed)
	signature, err := a.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	require.NoError(t, err)
	data.Raw = signed
	basic, err := asn1.Marshal(ocspBasic{
		Data:      data,
		Algorithm: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
		Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})
	require.NoError(t, err)
	response, err := asn1.Marshal(ocspResponse{Body: ocspBody{Type: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}, Basic: basic}})
	require.NoError(t, err)
	return response
}
