package wire

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
