package transport

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/wire"
)

func TestEachConnectionResolvesAnew(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, map[string]peers.Entry{"name.test.": {IPv4: []string{"127.0.0.1"}}})
	target := peers.Listen(t, peers.Answering(peers.OKAnswer))
	tr := newTransport(t, Config{
		URL:                   target.Named("http", "name.test"),
		IPVersion:             wire.OnlyIPv4,
		DNSServer:             server.Address,
		RequestsPerConnection: 1,
	})
	for range 3 {
		r := do(tr, patience)
		require.NoError(t, r.Err)
		_, resolved := r.Phase(errcode.PhaseResolve)
		assert.True(t, resolved)
	}
	assert.EqualValues(t, 3, server.Questions.Load())
}
