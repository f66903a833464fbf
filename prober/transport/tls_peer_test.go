package transport

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"testing"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

// authority is a certificate authority of a test.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newAuthority makes a self-signed authority, with changes to its certificate.
func newAuthority(t testing.TB, changes ...certs.Change) *authority {
	t.Helper()
	return authorityOf(certs.Issue(nil, append([]certs.Change{certs.Authority}, changes...)...))
}

func authorityOf(c tls.Certificate) *authority {
	return &authority{cert: c.Leaf, key: c.PrivateKey.(crypto.Signer)}
}

// itself is the authority with nothing above it.
func (a *authority) itself() tls.Certificate { return tls.Certificate{Leaf: a.cert, PrivateKey: a.key} }

// pem returns the authority's own certificate as a CA file has it.
func (a *authority) pem() []byte { return pemOf(a.cert.Raw) }

// issue makes a server's certificate for name.test and 127.0.0.1.
func (a *authority) issue(t testing.TB, changes ...certs.Change) tls.Certificate {
	t.Helper()
	above := a.itself()
	return certs.Issue(&above, changes...)
}

// below makes an authority that a has certified.
func (a *authority) below(t testing.TB, changes ...certs.Change) *authority {
	t.Helper()
	named := func(c *x509.Certificate) { c.Subject.CommonName = "authority below" }
	return authorityOf(a.issue(t, append([]certs.Change{certs.Authority, named}, changes...)...))
}

func pemOf(der []byte) []byte { return certs.PEM(tls.Certificate{Certificate: [][]byte{der}}) }

// secured returns a script that does a TLS handshake and then answers requests.
func secured(cfg *tls.Config) peers.Script { return peers.Within(cfg, answering(okAnswer)) }
