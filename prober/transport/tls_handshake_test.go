package transport

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
)

func TestAServerLearnsWhyAHandshakeFails(t *testing.T) {
	t.Parallel()
	for versionName, version := range versions {
		t.Run(versionName, func(t *testing.T) {
			t.Parallel()
			told := make(chan error, 1)
			cert := newAuthority(t).issue(t)
			p := listen(t, func(c net.Conn) {
				told <- tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}).Handshake()
			})
			r := do(newTransport(t, Config{URL: p.url("https"), TLS: TLSOptions{CA: newAuthority(t).pem()}}), patience)
			require.Equal(t, errcode.UnknownAuthority, errcode.FromError(r.Err), "%v", r.Err)
			assert.ErrorContains(t, <-told, "bad certificate")
		})
	}
}
