package wire

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/policy"
)

func TestPolicyHoldsForWhateverIsDialled(t *testing.T) {
	t.Parallel()
	server := peers.Listen(t, peers.Answering(peers.OKAnswer))
	names := peers.ServeZone(t, map[string]peers.Entry{"name.test.": {IPv4: []string{"127.0.0.1"}}})
	byName := server.Named("http", "name.test")
	tests := map[string]Plan{
		"an address":                      {URL: server.URL("http")},
		"a name":                          {URL: byName, IPVersion: OnlyIPv4},
		"a given address":                 {URL: byName, Resolve: addressList("127.0.0.1")},
		"a mapped address":                {URL: byName, Resolve: addressList("::ffff:127.0.0.1")},
		"the unspecified address":         {URL: byName, Resolve: addressList("0.0.0.0")},
		"an address behind NAT64":         {URL: &url.URL{Scheme: "http", Host: "[64:ff9b::127.0.0.5]"}},
		"a tunnelled address":             {URL: byName, Resolve: addressList("2002:7f00:5::1")},
		"one behind NAT64 behind a proxy": {URL: &url.URL{Scheme: "https", Host: "[64:ff9b::7f00:5]"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
		"a proxy":                         {URL: byName, Proxy: ProxyOptions{URL: server.URL("http")}},
		"a proxy with a name":             {URL: byName, IPVersion: OnlyIPv4, Proxy: ProxyOptions{URL: byName}},
		"a target behind a proxy":         {URL: &url.URL{Scheme: "https", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
		"a target behind SOCKS":           {URL: &url.URL{Scheme: "http", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "socks5", Host: "192.0.2.1"}}},
		"a forwarded request":             {URL: &url.URL{Scheme: "http", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
	}
	t.Cleanup(func() { assert.Zero(t, server.Connections()) })
	for name, p := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.Deny = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			d := newTestDialer(t, p)
			d.lookup = directLookup(names.Address, policy.Policy{}) // the server of the test is on loopback
			r := dialOnce(d, patience)
			require.Equal(t, errcode.BlockedIP, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseConnect, r.FailedIn())
		})
	}
}
