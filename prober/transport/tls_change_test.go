package transport

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

// All of it, through handshakes of one transport.
func TestAServerThatChangesItsCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	for versionName, version := range versions {
		t.Run(versionName, func(t *testing.T) {
			t.Parallel()
			good, other := ca.issue(t), ca.issue(t)
			revoked := good
			revoked.OCSPStaple = peers.Staple(t, good, ca.pair(), ca.pair(), ocsp.Revoked)
			expired := ca.issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
			next := make(chan tls.Certificate, 1)
			p := listen(t, secured(&tls.Config{
				MaxVersion: version,
				GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
					cert := <-next
					return &cert, nil
				},
			}))
			tr := newTransport(t, Config{URL: p.url("https"), TLS: TLSOptions{CA: ca.pem()}, RequestsPerConnection: 1})
			for i, step := range []struct {
				cert tls.Certificate
				code errcode.Code
			}{
				{good, errcode.OK},
				{good, errcode.OK},
				{revoked, errcode.CertRevoked},
				{expired, errcode.CertExpired},
				{newAuthority(t).issue(t), errcode.UnknownAuthority},
				{good, errcode.OK},
				{other, errcode.OK},
			} {
				next <- step.cert
				r := do(tr, patience)
				require.Equal(t, step.code, errcode.FromError(r.Err), "step %d: %v", i, r.Err)
			}
			next <- tls.Certificate{Certificate: other.Certificate, PrivateKey: good.PrivateKey}
			assert.Error(t, do(tr, patience).Err, "a server without the key to what it shows")
		})
	}
}

func BenchmarkNewTLSConnection(b *testing.B) {
	root := newAuthority(b)
	between := root.below(b)
	cert := between.issue(b)
	cert.Certificate = append(cert.Certificate, between.cert.Raw)
	p := listen(b, secured(&tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true}))
	tr := newTransport(b, Config{URL: p.url("https"), TLS: TLSOptions{CA: root.pem()}, RequestsPerConnection: 1})
	oneAfterAnother(b, tr)
}
