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
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
)

// All of it, through handshakes of one transport.
func TestAServerThatChangesItsCertificate(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	for versionName, version := range tlsVersions {
		t.Run(versionName, func(t *testing.T) {
			t.Parallel()
			good, other := certs.Issue(&ca), certs.Issue(&ca)
			revoked := good
			revoked.OCSPStaple = peers.Staple(t, good, ca, ca, ocsp.Revoked)
			expired := certs.Issue(&ca, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
			next := make(chan tls.Certificate, 1)
			p := peers.Listen(t, answeringTLS(&tls.Config{
				MaxVersion: version,
				GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
					cert := <-next
					return &cert, nil
				},
			}))
			tr := newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(ca)}, RequestsPerConnection: 1})
			for i, step := range []struct {
				cert tls.Certificate
				code errcode.Code
			}{
				{good, errcode.OK},
				{good, errcode.OK},
				{revoked, errcode.CertRevoked},
				{expired, errcode.CertExpired},
				{certs.Issue(nil), errcode.UnknownAuthority},
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
	root := certs.Issue(nil, certs.Authority)
	between := certs.Issue(&root, certs.Authority)
	cert := certs.Issue(&between)
	p := peers.Listen(b, answeringTLS(&tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true}))
	tr := newTransport(b, Config{URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(root)}, RequestsPerConnection: 1})
	oneAfterAnother(b, tr)
}

func TestStapledRevocation(t *testing.T) {
	t.Parallel()
	const good, gone, unknown = ocsp.Good, ocsp.Revoked, ocsp.Unknown
	ca := certs.Issue(nil, certs.Authority)
	tests := map[string]struct {
		status   int
		signer   tls.Certificate
		insecure bool
		code     errcode.Code
	}{
		"good":                           {status: good, signer: ca},
		"revoked":                        {status: gone, signer: ca, code: errcode.CertRevoked},
		"unknown to the responder":       {status: unknown, signer: ca},
		"revoked, says another":          {status: gone, signer: certs.Issue(nil, certs.Authority)},
		"revoked, and nobody wants that": {status: gone, signer: ca, insecure: true},
	}
	for name, test := range tests {
		for versionName, version := range tlsVersions {
			t.Run(name+", "+versionName, func(t *testing.T) {
				t.Parallel()
				cert := certs.Issue(&ca)
				cert.OCSPStaple = peers.Staple(t, cert, ca, test.signer, test.status)
				p := peers.Listen(t, answeringTLS(&tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}))
				r := do(newTransport(t, Config{
					URL: p.URL("https"),
					TLS: option.TLS{CA: certs.PEM(ca), InsecureSkipVerify: test.insecure},
				}), patience)
				require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
				assert.NotNil(t, r.TLS)
			})
		}
	}
}
