package wire

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/internal/lab"
)

func TestPolicyHoldsForWhateverIsDialled(t *testing.T) {
	t.Parallel()
	server := lab.Listen(t, lab.Answering(lab.OKAnswer))
	names := lab.ServeDNS(t, map[string]lab.DnsAnswer{"name.test.": {Ipv4: []string{"127.0.0.1"}}})
	byName := lab.Named(t, server, "name.test")
	tests := map[string]Plan{
		"an address":                      {URL: server.URL("http")},
		"a name":                          {URL: byName, Dial: option.Dial{IPVersion: option.OnlyIPv4}},
		"a given address":                 {URL: byName, Dial: option.Dial{Resolve: lab.Addresses("127.0.0.1")}},
		"a mapped address":                {URL: byName, Dial: option.Dial{Resolve: lab.Addresses("::ffff:127.0.0.1")}},
		"the unspecified address":         {URL: byName, Dial: option.Dial{Resolve: lab.Addresses("0.0.0.0")}},
		"an address behind NAT64":         {URL: &url.URL{Scheme: "http", Host: "[64:ff9b::127.0.0.5]"}},
		"a tunnelled address":             {URL: byName, Dial: option.Dial{Resolve: lab.Addresses("2002:7f00:5::1")}},
		"one behind NAT64 behind a proxy": {URL: &url.URL{Scheme: "https", Host: "[64:ff9b::7f00:5]"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
		"a proxy":                         {URL: byName, Proxy: ProxyOptions{URL: server.URL("http")}},
		"a proxy with a name":             {URL: byName, Dial: option.Dial{IPVersion: option.OnlyIPv4}, Proxy: ProxyOptions{URL: byName}},
		"a target behind a proxy":         {URL: &url.URL{Scheme: "https", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
		"a target behind SOCKS":           {URL: &url.URL{Scheme: "http", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "socks5", Host: "192.0.2.1"}}},
		"a forwarded request":             {URL: &url.URL{Scheme: "http", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
	}
	t.Cleanup(func() { assert.Zero(t, server.Connections()) })
	for name, p := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.Rules.Deny = lab.Prefixes("127.0.0.0/8")
			d := newTestDialer(t, p)
			d.lookup = directLookup(names.Addr, policy.Policy{}) // the server of the test is on loopback
			r := dialOnce(d, lab.Patience)
			require.Equal(t, errcode.BlockedIP, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseConnect, r.FailedIn())
		})
	}
}
