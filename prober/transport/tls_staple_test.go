package transport

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/prober/wire"
)

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
					TLS: wire.TLSOptions{CA: certs.PEM(ca), InsecureSkipVerify: test.insecure},
				}), patience)
				require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
				assert.NotNil(t, r.TLS)
			})
		}
	}
}
