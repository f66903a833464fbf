package transport

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/wire"
)

func TestPolicyHoldsForTheDNSServer(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, map[string]peers.Entry{"name.test.": {IPv4: []string{"192.0.2.1"}, Truncate: true}})
	proxy := wire.ProxyOptions{URL: &url.URL{Scheme: "socks5", Host: "name.test"}}
	for name, cfg := range map[string]Config{
		"denied":                       {Rules: policy.Rules{Deny: prefixes("127.0.0.0/8")}},
		"denied as IPv6":               {Rules: policy.Rules{Deny: prefixes("::ffff:127.0.0.0/104")}},
		"not among what is allowed":    {Rules: policy.Rules{Allow: prefixes("192.0.2.0/24")}},
		"denied for the name of proxy": {Rules: policy.Rules{Deny: prefixes("127.0.0.0/8")}, Proxy: proxy},
	} {
		cfg.URL, cfg.DNSServer = &url.URL{Scheme: "http", Host: "name.test"}, server.Address
		r := do(newTransport(t, cfg), patience)
		require.Equal(t, errcode.BlockedIP, errcode.FromError(r.Err), "%s: %v", name, r.Err)
	}
	assert.Zero(t, server.Questions.Load())
}

// TestAHostThatIsANumberIsRefused has hosts that some programs, a proxy perhaps, take for
// 169.254.169.254.
func TestAHostThatIsANumberIsRefused(t *testing.T) {
	t.Parallel()
	home := serve(t, peers.HTTP1, redirecting)
	for _, host := range []string{
		"2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "169.254.43518", "169.254.169.254.", "169.254.0xa9fe",
	} {
		_, err := New(Config{URL: &url.URL{Scheme: "http", Host: host}, Method: "GET"})
		assert.Equal(t, errcode.InvalidURL, errcode.FromError(err), host)
		_, err = New(Config{URL: home, Method: "GET", Proxy: wire.ProxyOptions{URL: &url.URL{Scheme: "http", Host: host}}})
		assert.Equal(t, errcode.InvalidURL, errcode.FromError(err), host)

		r := do(newTransport(t, Config{URL: redirect(home, 302, "http://"+host+"/"), FollowRedirects: 1}), patience)
		assert.Equal(t, errcode.RedirectLocation, codeOf(r), "%s: %v", host, r.Err)
	}
}

func TestNoHostIsAskedThatIsDenied(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, map[string]peers.Entry{"shop.prod.test.": {IPv4: []string{"127.0.0.1"}}})
	p := peers.Listen(t, peers.Answering(peers.OKAnswer))
	at := func(scheme, host string) *url.URL { return &url.URL{Scheme: scheme, Host: host, Path: "/"} }
	allowed, denied := p.URL("http"), p.Named("http", "SHOP.prod.test.")
	for name, cfg := range map[string]Config{
		"a target":                    {URL: denied},
		"a target in h2c":             {URL: denied, HTTPVersion: option.H2C},
		"a target over TLS":           {URL: at("https", denied.Host)},
		"a target with an address":    {URL: denied, Dial: option.Dial{Resolve: addresses("127.0.0.1")}},
		"a proxy":                     {URL: at("http", "a.test"), Proxy: wire.ProxyOptions{URL: denied}},
		"a proxy of SOCKS":            {URL: at("https", "a.test"), Proxy: wire.ProxyOptions{URL: at("socks5", denied.Host)}},
		"a target behind a proxy":     {URL: denied, Proxy: wire.ProxyOptions{URL: allowed}},
		"a target behind a tunnel":    {URL: at("https", denied.Host), Proxy: wire.ProxyOptions{URL: allowed}},
		"a target behind SOCKS":       {URL: denied, Proxy: wire.ProxyOptions{URL: at("socks5", allowed.Host)}},
		"another Host header":         {URL: allowed, Host: "shop.prod.test:8080"},
		"another name in a handshake": {URL: at("https", allowed.Host), TLS: option.TLS{ServerName: "shop.prod.test"}},
	} {
		cfg.DNSServer, cfg.Rules.DenyHosts = server.Address, []string{"*.prod.test"}
		r := do(newTransport(t, cfg), patience)
		assert.Equal(t, errcode.BlockedHost, codeOf(r), "%s: %v", name, r.Err)
		assert.ErrorContains(t, r.Err, "*.prod.test", name)
		phase := errcode.PhaseResolve
		if cfg.Proxy.URL != nil {
			phase = errcode.PhaseConnect
		}
		assert.Equal(t, phase, r.FailedIn(), name)
	}
	assert.Zero(t, p.Connections())
	assert.Zero(t, server.Questions.Load())
}

func TestNoRedirectLeadsToAHostThatIsDenied(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, map[string]peers.Entry{})
	overAll(t, redirecting, func(t *testing.T, cfg Config) {
		home := cfg.URL
		for _, to := range []string{
			"http://shop.prod.test/", "http://SHOP.PROD.TEST./", "//a.b.prod.test:8080/", "https://shop.prod.test/", "http://b\u00fccher.test/",
			"http://xn--bcher-kva.test/", "http://\uff53hop.prod.test/",
		} {
			if home.Scheme == "https" { // no way leads from there to http
				to = strings.Replace(to, "http:", "https:", 1)
			}
			cfg.URL, cfg.FollowRedirects = redirect(home, 302, to), 3
			cfg.Rules.DenyHosts, cfg.DNSServer = []string{"*.prod.test", "B\u00dcCHER.test"}, server.Address
			r := do(newTransport(t, cfg), patience)
			assert.Equal(t, errcode.BlockedHost, codeOf(r), "%s: %v", to, r.Err)
			assert.Len(t, r.HTTP.Hops, 1)
			assertPhasesAddUp(t, r)
		}
	})
	assert.Zero(t, server.Questions.Load())
}
