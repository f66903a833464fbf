package transport

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/policy"
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

func TestPolicyHoldsForWhateverIsDialled(t *testing.T) {
	t.Parallel()
	p := listen(t, answering(okAnswer))
	server := serveDNS(t, map[string]dnsAnswer{"name.test.": {ipv4: []string{"127.0.0.1"}}})
	byName := named(t, p, "name.test")
	tests := map[string]Config{
		"an address":                      {URL: p.url("http")},
		"a name":                          {URL: byName, IPVersion: OnlyIPv4},
		"a given address":                 {URL: byName, Resolve: addresses("127.0.0.1")},
		"a mapped address":                {URL: byName, Resolve: addresses("::ffff:127.0.0.1")},
		"the unspecified address":         {URL: byName, Resolve: addresses("0.0.0.0")},
		"an address behind NAT64":         {URL: &url.URL{Scheme: "http", Host: "[64:ff9b::127.0.0.5]"}},
		"a tunnelled address":             {URL: byName, Resolve: addresses("2002:7f00:5::1")},
		"one behind NAT64 behind a proxy": {URL: &url.URL{Scheme: "https", Host: "[64:ff9b::7f00:5]"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
		"a proxy":                         {URL: byName, Proxy: ProxyOptions{URL: p.url("http")}},
		"a proxy with a name":             {URL: byName, IPVersion: OnlyIPv4, Proxy: ProxyOptions{URL: byName}},
		"a target behind a proxy":         {URL: &url.URL{Scheme: "https", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
		"a target behind SOCKS":           {URL: &url.URL{Scheme: "http", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "socks5", Host: "192.0.2.1"}}},
		"a forwarded request":             {URL: &url.URL{Scheme: "http", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
	}
	t.Cleanup(func() { assert.Zero(t, p.connections()) })
	for name, cfg := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Deny = prefixes("127.0.0.0/8")
			tr := newTransport(t, cfg)
			tr.dialer.lookup = directLookup(server.addr, policy.Policy{}) // the server of the test is on loopback
			r := do(tr, patience)
			require.Equal(t, errcode.BlockedIP, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseConnect, r.FailedIn())
		})
	}
}

func TestPolicyHoldsForTheDNSServer(t *testing.T) {
	t.Parallel()
	server := serveDNS(t, map[string]dnsAnswer{"name.test.": {ipv4: []string{"192.0.2.1"}, truncate: true}})
	proxy := ProxyOptions{URL: &url.URL{Scheme: "socks5", Host: "name.test"}}
	for name, cfg := range map[string]Config{
		"denied":                       {Deny: prefixes("127.0.0.0/8")},
		"denied as IPv6":               {Deny: prefixes("::ffff:127.0.0.0/104")},
		"not among what is allowed":    {Allow: prefixes("192.0.2.0/24")},
		"denied for the name of proxy": {Deny: prefixes("127.0.0.0/8"), Proxy: proxy},
	} {
		cfg.URL, cfg.DNSServer = &url.URL{Scheme: "http", Host: "name.test"}, server.addr
		r := do(newTransport(t, cfg), patience)
		require.Equal(t, errcode.BlockedIP, errcode.FromError(r.Err), "%s: %v", name, r.Err)
	}
	assert.Zero(t, server.questions.Load())
}

// TestAHostThatIsANumberIsRefused has hosts that some programs, a proxy perhaps, take for
// 169.254.169.254.
func TestAHostThatIsANumberIsRefused(t *testing.T) {
	t.Parallel()
	home := serveHTTP1(t, redirecting)
	for _, host := range []string{
		"2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "169.254.43518", "169.254.169.254.", "169.254.0xa9fe",
	} {
		_, err := New(Config{URL: &url.URL{Scheme: "http", Host: host}, Method: "GET"})
		assert.Equal(t, errcode.InvalidURL, errcode.FromError(err), host)
		_, err = New(Config{URL: home, Method: "GET", Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: host}}})
		assert.Equal(t, errcode.InvalidURL, errcode.FromError(err), host)

		r := do(newTransport(t, Config{URL: redirect(home, 302, "http://"+host+"/"), FollowRedirects: 1}), patience)
		assert.Equal(t, errcode.RedirectLocation, codeOf(r), "%s: %v", host, r.Err)
	}
}

func TestNoHostIsAskedThatIsDenied(t *testing.T) {
	t.Parallel()
	server := serveDNS(t, map[string]dnsAnswer{"shop.prod.test.": {ipv4: []string{"127.0.0.1"}}})
	p := listen(t, answering(okAnswer))
	at := func(scheme, host string) *url.URL { return &url.URL{Scheme: scheme, Host: host, Path: "/"} }
	allowed, denied := p.url("http"), named(t, p, "SHOP.prod.test.")
	for name, cfg := range map[string]Config{
		"a target":                    {URL: denied},
		"a target in h2c":             {URL: denied, HTTPVersion: H2C},
		"a target over TLS":           {URL: at("https", denied.Host)},
		"a target with an address":    {URL: denied, Resolve: addresses("127.0.0.1")},
		"a proxy":                     {URL: at("http", "a.test"), Proxy: ProxyOptions{URL: denied}},
		"a proxy of SOCKS":            {URL: at("https", "a.test"), Proxy: ProxyOptions{URL: at("socks5", denied.Host)}},
		"a target behind a proxy":     {URL: denied, Proxy: ProxyOptions{URL: allowed}},
		"a target behind a tunnel":    {URL: at("https", denied.Host), Proxy: ProxyOptions{URL: allowed}},
		"a target behind SOCKS":       {URL: denied, Proxy: ProxyOptions{URL: at("socks5", allowed.Host)}},
		"another Host header":         {URL: allowed, Host: "shop.prod.test:8080"},
		"another name in a handshake": {URL: at("https", allowed.Host), TLS: TLSOptions{ServerName: "shop.prod.test"}},
	} {
		cfg.DNSServer, cfg.DenyHosts = server.addr, []string{"*.prod.test"}
		r := do(newTransport(t, cfg), patience)
		assert.Equal(t, errcode.BlockedHost, codeOf(r), "%s: %v", name, r.Err)
		assert.ErrorContains(t, r.Err, "*.prod.test", name)
		phase := errcode.PhaseResolve
		if cfg.Proxy.URL != nil {
			phase = errcode.PhaseConnect
		}
		assert.Equal(t, phase, r.FailedIn(), name)
	}
	assert.Zero(t, p.connections())
	assert.Zero(t, server.questions.Load())
}

func TestNoRedirectLeadsToAHostThatIsDenied(t *testing.T) {
	t.Parallel()
	server := serveDNS(t, map[string]dnsAnswer{})
	overBoth(t, redirecting, func(t *testing.T, cfg Config) {
		home := cfg.URL
		for _, to := range []string{
			"http://shop.prod.test/", "http://SHOP.PROD.TEST./", "//a.b.prod.test:8080/", "https://shop.prod.test/", "http://b\u00fccher.test/",
			"http://xn--bcher-kva.test/", "http://\uff53hop.prod.test/",
		} {
			cfg.URL, cfg.FollowRedirects = redirect(home, 302, to), 3
			cfg.DenyHosts, cfg.DNSServer = []string{"*.prod.test", "B\u00dcCHER.test"}, server.addr
			r := do(newTransport(t, cfg), patience)
			assert.Equal(t, errcode.BlockedHost, codeOf(r), "%s: %v", to, r.Err)
			assert.Len(t, r.HTTP.Hops, 1)
			assertPhasesAddUp(t, r)
		}
	})
	assert.Zero(t, server.questions.Load())
}
