package errcode_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

// certificateFaults are failures of tls.Dial.
func certificateFaults() []fault {
	var all []fault
	for _, c := range peers.BadCertificates() {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(c.Roots)
		all = append(all, fault{name: c.Says + ", seen by tls.Dial", want: c.Code, fail: func(t lab) error {
			return handshake(t, secured(t, peers.Showing(c.Cert)), &tls.Config{RootCAs: pool, ServerName: "name.test"})
		}})
	}
	return all
}

// The clock of the verification may differ from the host's: a certificate valid now
// counts as expired.
func TestAnExpiredCertificateOfAnotherClock(t *testing.T) {
	t.Parallel()
	expired := x509.CertificateInvalidError{Cert: certs.Issue(nil).Leaf, Reason: x509.Expired}
	require.Equal(t, errcode.CertExpired, errcode.FromError(expired))
	require.Equal(t, errcode.CertExpired, errcode.FromError(x509.CertificateInvalidError{Reason: x509.Expired}))
}
