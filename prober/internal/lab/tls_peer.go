package lab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority is a certificate authority of a test.
type Authority struct {
	Cert *x509.Certificate
	Key  crypto.Signer
}

// NewAuthority makes a self-signed authority, with changes to its certificate.
func NewAuthority(t testing.TB, changes ...func(*x509.Certificate)) *Authority {
	t.Helper()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "authority"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	a := &Authority{}
	a.Cert, a.Key = a.sign(t, template, changes)
	return a
}

// Pem returns the authority's own certificate as a CA file has it.
func (a *Authority) Pem() []byte { return PemOf("CERTIFICATE", a.Cert.Raw) }

// Pair returns a's own certificate with its key.
func (a *Authority) Pair() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{a.Cert.Raw}, PrivateKey: a.Key, Leaf: a.Cert}
}

// Issue makes a server's certificate for name.test and 127.0.0.1.
func (a *Authority) Issue(t testing.TB, changes ...func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "server"},
		DNSNames:    []string{"name.test"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert, key := a.sign(t, template, changes)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// Below makes an authority that a has certified.
func (a *Authority) Below(t testing.TB, changes ...func(*x509.Certificate)) *Authority {
	t.Helper()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "authority below"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	cert, key := a.sign(t, template, changes)
	return &Authority{Cert: cert, Key: key}
}

func (a *Authority) sign(t testing.TB, template *x509.Certificate, changes []func(*x509.Certificate)) (*x509.Certificate, crypto.Signer) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for _, change := range changes {
		change(template)
	}
	parent, signer := a.Cert, a.Key
	if parent == nil {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	return cert, key
}

func PemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Pair returns a certificate and its key as PEM.
func Pair(t testing.TB, cert tls.Certificate) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(t, err)
	return PemOf("CERTIFICATE", cert.Certificate[0]), PemOf("PRIVATE KEY", key)
}

// Secured returns a script that does a TLS handshake and then answers requests.
func Secured(cfg *tls.Config) func(net.Conn) {
	return func(c net.Conn) {
		s := tls.Server(c, cfg)
		defer s.Close()
		Answering(OKAnswer)(s)
	}
}
