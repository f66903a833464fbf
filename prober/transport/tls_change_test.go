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
	"example.com/prober/option"
	"example.com/prober/prober/internal/lab"
)

// All of it, through handshakes of one transport.
func TestAServerThatChangesItsCertificate(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	for versionName, version := range lab.Versions {
		t.Run(versionName, func(t *testing.T) {
			t.Parallel()
			good, other := ca.Issue(t), ca.Issue(t)
			revoked := good
			revoked.OCSPStaple = peers.Staple(t, good, ca.Pair(), ca.Pair(), ocsp.Revoked)
			expired := ca.Issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
			next := make(chan tls.Certificate, 1)
			p := lab.Listen(t, lab.Secured(&tls.Config{
				MaxVersion: version,
				GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
					cert := <-next
					return &cert, nil
				},
			}))
			tr := newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: ca.Pem()}, RequestsPerConnection: 1})
			for i, step := range []struct {
				cert tls.Certificate
				code errcode.Code
			}{
				{good, errcode.OK},
				{good, errcode.OK},
				{revoked, errcode.CertRevoked},
				{expired, errcode.CertExpired},
				{lab.NewAuthority(t).Issue(t), errcode.UnknownAuthority},
				{good, errcode.OK},
				{other, errcode.OK},
			} {
				next <- step.cert
				r := do(tr, lab.Patience)
				require.Equal(t, step.code, errcode.FromError(r.Err), "step %d: %v", i, r.Err)
			}
			next <- tls.Certificate{Certificate: other.Certificate, PrivateKey: good.PrivateKey}
			assert.Error(t, do(tr, lab.Patience).Err, "a server without the key to what it shows")
		})
	}
}

func BenchmarkNewTLSConnection(b *testing.B) {
	root := lab.NewAuthority(b)
	between := root.Below(b)
	cert := between.Issue(b)
	cert.Certificate = append(cert.Certificate, between.Cert.Raw)
	p := lab.Listen(b, lab.Secured(&tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true}))
	tr := newTransport(b, Config{URL: p.URL("https"), TLS: option.TLS{CA: root.Pem()}, RequestsPerConnection: 1})
	oneAfterAnother(b, tr)
}
