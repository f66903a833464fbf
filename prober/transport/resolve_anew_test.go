package transport

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
)

func TestEachConnectionResolvesAnew(t *testing.T) {
	t.Parallel()
	server := serveDNS(t, map[string]dnsAnswer{"name.test.": {ipv4: []string{"127.0.0.1"}}})
	target := listen(t, answering(okAnswer))
	tr := newTransport(t, Config{
		URL:                   named(t, target, "name.test"),
		IPVersion:             OnlyIPv4,
		DNSServer:             server.addr,
		RequestsPerConnection: 1,
	})
	for range 3 {
		r := do(tr, patience)
		require.NoError(t, r.Err)
		_, resolved := r.Phase(errcode.PhaseResolve)
		assert.True(t, resolved)
	}
	assert.EqualValues(t, 3, server.questions.Load())
}
