package transport

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

func TestStapledRevocation(t *testing.T) {
	t.Parallel()
	const good, gone, unknown = ocsp.Good, ocsp.Revoked, ocsp.Unknown
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
				cert.OCSPStaple = peers.Staple(t, cert, ca.pair(), test.signer.pair(), test.status)
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
