package transport

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/prober/wire"
)

func TestAServerLearnsWhyAHandshakeFails(t *testing.T) {
	t.Parallel()
	for versionName, version := range tlsVersions {
		t.Run(versionName, func(t *testing.T) {
			t.Parallel()
			told := make(chan error, 1)
			cert := certs.Issue(nil)
			p := peers.Listen(t, func(c net.Conn) {
				told <- tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}).Handshake()
			})
			r := do(newTransport(t, Config{URL: p.URL("https"), TLS: wire.TLSOptions{CA: certs.PEM(certs.Issue(nil, certs.Authority))}}), patience)
			require.Equal(t, errcode.UnknownAuthority, errcode.FromError(r.Err), "%v", r.Err)
			assert.ErrorContains(t, <-told, "bad certificate")
		})
	}
}
