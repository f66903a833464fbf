package transport

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/internal/lab"
)

func TestStapledRevocation(t *testing.T) {
	t.Parallel()
	const good, gone, unknown = ocsp.Good, ocsp.Revoked, ocsp.Unknown
	ca := lab.NewAuthority(t)
	tests := map[string]struct {
		status   int
		signer   *lab.Authority
		insecure bool
		code     errcode.Code
	}{
		"good":                           {status: good, signer: ca},
		"revoked":                        {status: gone, signer: ca, code: errcode.CertRevoked},
		"unknown to the responder":       {status: unknown, signer: ca},
		"revoked, says another":          {status: gone, signer: lab.NewAuthority(t)},
		"revoked, and nobody wants that": {status: gone, signer: ca, insecure: true},
	}
	for name, test := range tests {
		for versionName, version := range lab.Versions {
			t.Run(name+", "+versionName, func(t *testing.T) {
				t.Parallel()
				cert := ca.Issue(t)
				cert.OCSPStaple = peers.Staple(t, cert, ca.Pair(), test.signer.Pair(), test.status)
				p := lab.Listen(t, lab.Secured(&tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}))
				r := do(newTransport(t, Config{
					URL: p.URL("https"),
					TLS: option.TLS{CA: ca.Pem(), InsecureSkipVerify: test.insecure},
				}), lab.Patience)
				require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
				assert.NotNil(t, r.TLS)
			})
		}
	}
}
