package transport

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
)

// shortKey is an RSA key that crypto/rsa refuses to make and to use. Its signatures are
// worth nothing. A client that checks the length first never finds out.
type shortKey struct{ public rsa.PublicKey }

func newShortKey(t testing.TB) *shortKey {
	t.Helper()
	const bits = 768
	n, err := rand.Prime(rand.Reader, bits)
	require.NoError(t, err)
	return &shortKey{rsa.PublicKey{N: n, E: 65537}}
}

func (k *shortKey) Public() crypto.PublicKey { return &k.public }

func (k *shortKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, k.public.Size()), nil
}

// issueFor makes a certificate of a, for the public half of key.
func issueFor(t testing.TB, a tls.Certificate, key crypto.Signer) tls.Certificate {
	t.Helper()
	template := certs.Issue(&a).Leaf
	raw, err := x509.CreateCertificate(rand.Reader, template, a.Leaf, key.Public(), a.PrivateKey)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}
}

func TestAKeyThatDoesNotFitTheCertificate(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	key := func(key crypto.Signer, err error) crypto.Signer {
		require.NoError(t, err)
		return key
	}
	rsaKey, otherRSA := key(rsa.GenerateKey(rand.Reader, 2048)), key(rsa.GenerateKey(rand.Reader, 2048))
	p256, otherP256 := key(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), key(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384 := key(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	short := newShortKey(t)
	for name, pair := range map[string]struct{ shown, used crypto.Signer }{
		"RSA, another one":           {rsaKey, otherRSA},
		"RSA, used with ECDSA":       {rsaKey, p256},
		"RSA, used with Ed25519":     {rsaKey, ed},
		"ECDSA, another one":         {p256, otherP256},
		"ECDSA, of another curve":    {p256, p384},
		"ECDSA, used with RSA":       {p256, rsaKey},
		"ECDSA, used with Ed25519":   {p256, ed},
		"Ed25519, used with RSA":     {ed, rsaKey},
		"RSA, too short":             {short, short},
		"RSA, shown is a short one":  {short, rsaKey},
		"ECDSA, used with short RSA": {p256, short},
	} {
		for versionName, version := range tlsVersions {
			for _, verified := range []bool{true, false} {
				t.Run(name+", "+versionName, func(t *testing.T) {
					t.Parallel()
					cert := issueFor(t, ca, pair.shown)
					cert.PrivateKey = pair.used
					p := peers.Listen(t, answeringTLS(&tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}))
					tr := newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(ca), InsecureSkipVerify: !verified}})
					r := do(tr, patience)
					require.Equal(t, errcode.TLSSignature, errcode.FromError(r.Err), "%v", r.Err)
					assert.Equal(t, errcode.PhaseTLS, r.FailedIn())
					assert.NotNil(t, r.TLS)
				})
			}
		}
	}
}

// A signature by a short key proves nothing, though the key's owner is trusted.
func TestAnAuthorityWithAShortKey(t *testing.T) {
	t.Parallel()
	named := func(c *x509.Certificate) { c.SubjectKeyId = []byte("the same") }
	// crypto/x509 signs with no short key. So a long key signs, and the client knows the
	// authority by the short one.
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	signing := certs.Issue(nil, certs.Authority, named)
	signing.Certificate, signing.PrivateKey = nil, long
	signing.Leaf.PublicKey, signing.Leaf.PublicKeyAlgorithm = long.Public(), x509.RSA
	maker := certs.Issue(nil, certs.Authority)
	for name, test := range map[string]struct {
		known crypto.Signer
		code  errcode.Code
	}{
		"as it should be":     {long, errcode.OK},
		"short":               {newShortKey(t), errcode.TLSSignature},
		"another that is not": {maker.PrivateKey.(crypto.Signer), errcode.UnknownAuthority},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, err := x509.CreateCertificate(rand.Reader, signing.Leaf, maker.Leaf, test.known.Public(), maker.PrivateKey)
			require.NoError(t, err)
			p := peers.Listen(t, answeringTLS(peers.Showing(certs.Issue(&signing))))
			r := do(newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(tls.Certificate{Certificate: [][]byte{root}})}}), patience)
			require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
		})
	}
}
