package transport

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

func TestPolicyOnAddresses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		deny, allow []netip.Prefix
		addr        string
		blocked     bool
	}{
		"nothing is listed":                            {addr: "10.0.0.1"},
		"denied":                                       {deny: prefixes("10.0.0.0/8"), addr: "10.0.0.1", blocked: true},
		"another address is denied":                    {deny: prefixes("10.0.0.0/8"), addr: "11.0.0.1"},
		"allowed":                                      {allow: prefixes("10.0.0.0/8"), addr: "10.0.0.1"},
		"only another address is allowed":              {allow: prefixes("10.0.0.0/8"), addr: "11.0.0.1", blocked: true},
		"allowed and denied":                           {allow: prefixes("10.0.0.0/8"), deny: prefixes("10.0.0.1/32"), addr: "10.0.0.1", blocked: true},
		"denied as IPv4, dialled as IPv6":              {deny: prefixes("10.0.0.0/8"), addr: "::ffff:10.0.0.1", blocked: true},
		"denied as IPv6, dialled as IPv4":              {deny: prefixes("::ffff:10.0.0.0/104"), addr: "10.0.0.1", blocked: true},
		"all mapped addresses are denied":              {deny: prefixes("::ffff:0:0/96"), addr: "10.0.0.1", blocked: true},
		"all IPv6 addresses are denied":                {deny: prefixes("::/0"), addr: "10.0.0.1"},
		"denied, with a zone":                          {deny: prefixes("fe80::/10"), addr: "fe80::1%eth0", blocked: true},
		"allowed, with a zone":                         {allow: prefixes("fe80::/10"), addr: "fe80::1%eth0"},
		"unspecified where loopback is denied":         {deny: prefixes("127.0.0.0/8"), addr: "0.0.0.0", blocked: true},
		"unspecified IPv6 where loopback is denied":    {deny: prefixes("::1/128"), addr: "::", blocked: true},
		"unspecified as IPv6 where loopback is denied": {deny: prefixes("127.0.0.0/8"), addr: "::ffff:0.0.0.0", blocked: true},
		"unspecified itself is denied":                 {deny: prefixes("0.0.0.0/8"), addr: "0.0.0.0", blocked: true},
		"unspecified where loopback is allowed":        {allow: prefixes("127.0.0.0/8"), addr: "0.0.0.0"},
		"unspecified where loopback is not allowed":    {allow: prefixes("10.0.0.0/8"), addr: "0.0.0.0", blocked: true},
	}
	for name, test := range tests {
		err := newPolicy(test.deny, test.allow).check(netip.MustParseAddr(test.addr))
		assert.Equal(t, test.blocked, err != nil, name)
	}
}

func TestPolicyHoldsForWhateverIsDialled(t *testing.T) {
	t.Parallel()
	p := listen(t, answering(okAnswer))
	server := serveDNS(t, map[string]dnsAnswer{"name.test.": {ipv4: []string{"127.0.0.1"}}})
	byName := named(t, p, "name.test")
	tests := map[string]Config{
		"an address":              {URL: p.url("http")},
		"a name":                  {URL: byName, DNSServer: server.addr, IPVersion: OnlyIPv4},
		"a given address":         {URL: byName, Resolve: addresses("127.0.0.1")},
		"a mapped address":        {URL: byName, Resolve: addresses("::ffff:127.0.0.1")},
		"the unspecified address": {URL: byName, Resolve: addresses("0.0.0.0")},
		"a proxy":                 {URL: byName, Proxy: ProxyOptions{URL: p.url("http")}},
		"a proxy with a name":     {URL: byName, DNSServer: server.addr, IPVersion: OnlyIPv4, Proxy: ProxyOptions{URL: byName}},
		"a target behind a proxy": {URL: &url.URL{Scheme: "https", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
		"a target behind SOCKS":   {URL: &url.URL{Scheme: "http", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "socks5", Host: "192.0.2.1"}}},
		"a forwarded request":     {URL: &url.URL{Scheme: "http", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
	}
	t.Cleanup(func() { assert.Zero(t, p.connections()) })
	for name, cfg := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Deny = prefixes("127.0.0.0/8")
			r := do(newTransport(t, cfg), patience)
			require.Equal(t, errcode.BlockedIP, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseConnect, r.FailedIn())
		})
	}
}
