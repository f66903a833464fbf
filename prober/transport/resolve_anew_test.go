package transport

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/internal/lab"
)

func TestEachConnectionResolvesAnew(t *testing.T) {
	t.Parallel()
	server := lab.ServeDNS(t, map[string]lab.DnsAnswer{"name.test.": {Ipv4: []string{"127.0.0.1"}}})
	target := lab.Listen(t, lab.Answering(lab.OKAnswer))
	tr := newTransport(t, Config{
		URL:                   lab.Named(t, target, "name.test"),
		Dial:                  option.Dial{IPVersion: option.OnlyIPv4, DNSServer: server.Addr},
		RequestsPerConnection: 1,
	})
	for range 3 {
		r := do(tr, lab.Patience)
		require.NoError(t, r.Err)
		_, resolved := r.Phase(errcode.PhaseResolve)
		assert.True(t, resolved)
	}
	assert.EqualValues(t, 3, server.Questions.Load())
}
