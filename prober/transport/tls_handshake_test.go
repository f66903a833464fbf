package transport

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/internal/lab"
)

func TestAServerLearnsWhyAHandshakeFails(t *testing.T) {
	t.Parallel()
	for versionName, version := range lab.Versions {
		t.Run(versionName, func(t *testing.T) {
			t.Parallel()
			told := make(chan error, 1)
			cert := lab.NewAuthority(t).Issue(t)
			p := lab.Listen(t, func(c net.Conn) {
				told <- tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}).Handshake()
			})
			r := do(newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: lab.NewAuthority(t).Pem()}}), lab.Patience)
			require.Equal(t, errcode.UnknownAuthority, errcode.FromError(r.Err), "%v", r.Err)
			assert.ErrorContains(t, <-told, "bad certificate")
		})
	}
}
