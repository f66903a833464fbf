package transport

import (
	"crypto/tls"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// proxyURL is the URL of a proxy. If password is not empty, it is the password of user.
func proxyURL(p *peers.Peer, scheme, password string) *url.URL {
	u := p.URL(scheme)
	if password != "" {
		u.User = url.UserPassword("user", password)
	}
	return u
}

func TestThroughProxies(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	cert := certs.Issue(&ca)
	trusted := option.TLS{CA: certs.PEM(ca)}
	plain := peers.Listen(t, peers.Answering(peers.OKAnswer))
	secure := peers.Listen(t, answeringTLS(peers.Showing(cert)))
	unasked := func(byte, string) {}
	proxies := map[string]struct {
		proxy  *peers.Peer
		scheme string
	}{
		"an HTTP proxy":                      {peers.Listen(t, peers.TunnelProxy(false)), "http"},
		"an HTTP proxy with credentials":     {peers.Listen(t, peers.TunnelProxy(true)), "http"},
		"an HTTPS proxy":                     {peers.Listen(t, peers.Within(peers.Showing(cert), peers.TunnelProxy(false))), "https"},
		"an HTTPS proxy with credentials":    {peers.Listen(t, peers.Within(peers.Showing(cert), peers.TunnelProxy(true))), "https"},
		"a SOCKS5 proxy":                     {peers.Listen(t, peers.SOCKSProxy(false, unasked)), "socks5"},
		"a SOCKS5 proxy with credentials":    {peers.Listen(t, peers.SOCKSProxy(true, unasked)), "socks5"},
		"a SOCKS5 proxy that looks names up": {peers.Listen(t, peers.SOCKSProxy(true, unasked)), "socks5h"},
	}
	for name, test := range proxies {
		via := wire.ProxyOptions{URL: proxyURL(test.proxy, test.scheme, "secret"), TLS: trusted}
		for _, target := range []*url.URL{plain.URL("http"), secure.URL("https")} {
			t.Run(name+" to "+target.Scheme, func(t *testing.T) {
				t.Parallel()
				tr := newTransport(t, Config{URL: target, Proxy: via, TLS: trusted})
				for range 2 {
					r := do(tr, patience)
					require.NoError(t, r.Err)
					assert.Equal(t, 200, r.HTTP.Status)
					assert.Equal(t, test.proxy.Addr().String(), r.Remote.String())
					assert.Equal(t, target.Scheme == "https" && r.Opened, r.TLS != nil, "only TLS with the target counts")
					_, resolved := r.Phase(errcode.PhaseResolve)
					assert.False(t, resolved)
				}
				assert.Equal(t, 1, tr.Open())
			})
		}
	}
}

func TestProxyFailures(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	nobody := peers.ClosedPort(t)
	server := peers.ServeZone(t, map[string]peers.Entry{})
	says := peers.AnsweringOnce
	script := func(answers ...string) peers.Script {
		return peers.InTurn(peers.Saying(answers...), peers.EndWriting, peers.HangUp)
	}
	target := "https://127.0.0.1:9"
	tests := map[string]struct {
		scheme, target, password string
		at                       func(net.Conn)
		host                     string
		code                     errcode.Code
	}{
		"nobody is there":                  {scheme: "http", host: nobody, code: errcode.ProxyConnect},
		"nobody is there, to forward":      {scheme: "http", host: nobody, target: "http://127.0.0.1:9", code: errcode.ProxyConnect},
		"no SOCKS5 proxy is there":         {scheme: "socks5", host: nobody, code: errcode.ProxyConnect},
		"its name does not exist":          {scheme: "http", host: "name.test:1", code: errcode.ProxyConnect},
		"it is not the one it should be":   {scheme: "https", at: peers.Within(peers.Showing(certs.Issue(&ca)), peers.TunnelProxy(false)), code: errcode.ProxyConnect},
		"it does not speak TLS":            {scheme: "https", at: peers.TunnelProxy(false), code: errcode.ProxyConnect},
		"no credentials":                   {scheme: "http", at: peers.TunnelProxy(true), code: errcode.ProxyAuth},
		"wrong credentials":                {scheme: "http", at: peers.TunnelProxy(true), password: "wrong", code: errcode.ProxyAuth},
		"wrong credentials, to forward":    {scheme: "http", at: peers.TunnelProxy(true), password: "wrong", target: "http://127.0.0.1:9", code: errcode.ProxyAuth},
		"the target cannot be reached":     {scheme: "http", at: peers.TunnelProxy(false), code: errcode.ProxyRefused},
		"a redirect":                       {scheme: "http", at: says("HTTP/1.1 302 Found\r\nLocation: http://a\r\n\r\n"), code: errcode.ProxyRefused},
		"another protocol":                 {scheme: "http", at: says("HTTP/1.1 101 Switching Protocols\r\n\r\n"), code: errcode.ProxyRefused},
		"not HTTP":                         {scheme: "http", at: says("SSH-2.0-OpenSSH_9.2\r\n"), code: errcode.Proxy},
		"a status that is none":            {scheme: "http", at: says("HTTP/1.1 999 No\r\n\r\n"), code: errcode.Proxy},
		"a malformed header":               {scheme: "http", at: says("HTTP/1.1 200 OK\r\nbad header\r\n\r\n"), code: errcode.Proxy},
		"an endless header":                {scheme: "http", at: says("HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", labHeaderBytes/6+1)), code: errcode.Proxy},
		"too many informational answers":   {scheme: "http", at: says(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", labInformational+1)), code: errcode.Proxy},
		"the end instead of an answer":     {scheme: "http", at: says(""), code: errcode.Proxy},
		"the end inside the answer":        {scheme: "http", at: says("HTTP/1.1 200 O"), code: errcode.Proxy},
		"bytes after the answer":           {scheme: "http", at: says("HTTP/1.1 200 OK\r\n\r\nHello"), code: errcode.Proxy},
		"the target ends behind the proxy": {scheme: "http", at: says("HTTP/1.1 200 OK\r\n\r\n"), code: errcode.TLSClosed},

		"SOCKS5 without credentials":     {scheme: "socks5", at: peers.SOCKSProxy(true, func(byte, string) {}), code: errcode.ProxySocks},
		"SOCKS5 with wrong credentials":  {scheme: "socks5", at: peers.SOCKSProxy(true, func(byte, string) {}), password: "wrong!", code: errcode.ProxySocks},
		"SOCKS5, target not reached":     {scheme: "socks5", at: peers.SOCKSProxy(false, func(byte, string) {}), code: errcode.ProxySocks},
		"SOCKS5, HTTP in answer":         {scheme: "socks5", at: script("HTTP/1.1 400 Bad Request\r\n\r\n"), code: errcode.Proxy},
		"SOCKS5, SOCKS4 in answer":       {scheme: "socks5", at: script("\x00\x5b"), code: errcode.Proxy},
		"SOCKS5, unknown method":         {scheme: "socks5", at: script("\x05\x01"), code: errcode.Proxy},
		"SOCKS5, password not offered":   {scheme: "socks5", at: script("\x05\x02"), code: errcode.Proxy},
		"SOCKS5, unknown subnegotiation": {scheme: "socks5", password: "secret", at: script("\x05\x02", "\x05\x00"), code: errcode.Proxy},
		"SOCKS5, reply of version 4":     {scheme: "socks5", at: script("\x05\x00", "\x04\x00\x00\x01\x00\x00\x00\x00\x00\x00"), code: errcode.Proxy},
		"SOCKS5, unknown address type":   {scheme: "socks5", at: script("\x05\x00", "\x05\x00\x00\x09"), code: errcode.Proxy},
		"SOCKS5, the end in the address": {scheme: "socks5", at: script("\x05\x00", "\x05\x00\x00\x03\x09me"), code: errcode.Proxy},
		"SOCKS5, the end in a name":      {scheme: "socks5", at: script("\x05\x00", "\x05\x00\x00\x03"), code: errcode.Proxy},
		"SOCKS5, the end":                {scheme: "socks5", at: script(), code: errcode.Proxy},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.target == "" {
				test.target = target
			}
			u, err := url.Parse(test.target)
			require.NoError(t, err)
			via := &url.URL{Scheme: test.scheme, Host: test.host}
			if test.at != nil {
				via = proxyURL(peers.Listen(t, test.at), test.scheme, test.password)
			}
			r := do(newTransport(t, Config{URL: u, Proxy: wire.ProxyOptions{URL: via}, Dial: option.Dial{DNSServer: server.Address}}), patience)
			require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
			if test.code != errcode.TLSClosed && u.Scheme == "https" {
				assert.Equal(t, errcode.PhaseConnect, r.FailedIn())
				assert.Zero(t, r.Sent)
				assert.Zero(t, r.Received)
				assert.Zero(t, r.HTTP.Status)
			}
		})
	}
}

func TestSilentProxy(t *testing.T) {
	t.Parallel()
	silent := peers.Listen(t, peers.Silence)
	codes := map[string]errcode.Code{
		"http":   errcode.DialTimeout,
		"https":  errcode.ProxyConnect, // its handshake
		"socks5": errcode.DialTimeout,
	}
	timedOut, cancelled := map[string]func() *probe.Result{}, map[string]func() *probe.Result{}
	for scheme := range codes {
		cfg := Config{URL: &url.URL{Scheme: "https", Host: "name.test"}, Proxy: wire.ProxyOptions{URL: silent.URL(scheme)}}
		patient := newTransport(t, cfg)
		cancelled[scheme] = func() *probe.Result { return doUntil(patient, briefly) }
		cfg.ConnectTimeout = amply
		hasty := newTransport(t, cfg)
		timedOut[scheme] = func() *probe.Result { return do(hasty, patience) }
	}
	for scheme, r := range allAtOnce(timedOut) {
		assert.Equal(t, codes[scheme], errcode.FromError(r.Err), "%s: %v", scheme, r.Err)
		assert.Equal(t, errcode.PhaseConnect, r.FailedIn(), scheme)
	}
	for scheme, r := range allAtOnce(cancelled) {
		assert.Equal(t, errcode.Cancelled, errcode.FromError(r.Err), "%s: %v", scheme, r.Err)
	}
}

// TestAProxyThatFallsSilent has proxies that begin to answer, over each kind of connection.
func TestAProxyThatFallsSilent(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	falls := func(answers ...string) peers.Script { return peers.InTurn(peers.Saying(answers...), peers.Silence) }
	requests := map[string]func() *probe.Result{}
	for name, test := range map[string]struct {
		scheme string
		at     func(net.Conn)
	}{
		"within the answer":                  {"http", falls("HTTP/1.1 200 O")},
		"after an informational answer":      {"http", falls("HTTP/1.1 100 Continue\r\n\r\n")},
		"after its handshake":                {"https", peers.Within(peers.Showing(certs.Issue(&ca)), falls())},
		"within the answer, over TLS":        {"https", peers.Within(peers.Showing(certs.Issue(&ca)), falls("HTTP/1.1 200 O"))},
		"SOCKS5, after the greeting":         {"socks5", falls("\x05\x00")},
		"SOCKS5, within the greeting":        {"socks5", falls("\x05")},
		"SOCKS5, within the reply":           {"socks5", falls("\x05\x00", "\x05\x00")},
		"SOCKS5, within the reply's address": {"socks5", falls("\x05\x00", "\x05\x00\x00\x03\x09me")},
	} {
		via := wire.ProxyOptions{URL: peers.Listen(t, test.at).URL(test.scheme), TLS: option.TLS{CA: certs.PEM(ca)}}
		tr := newTransport(t, Config{URL: &url.URL{Scheme: "https", Host: "name.test"}, Proxy: via, Dial: option.Dial{ConnectTimeout: 2 * amply}})
		requests[name] = func() *probe.Result { return do(tr, patience) }
	}
	for name, r := range allAtOnce(requests) {
		assert.Equal(t, errcode.DialTimeout, codeOf(r), "%s: %v", name, r.Err)
		assert.Equal(t, errcode.PhaseConnect, r.FailedIn(), name)
		assert.ErrorContains(t, r.Err, "no answer of the proxy", name)
	}
}

func TestForwardedRequestIsInAbsoluteForm(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	p := peers.Listen(t, func(c net.Conn) {
		buf := make([]byte, 4096)
		n, _ := c.Read(buf)
		seen <- string(buf[:n])
		_, _ = io.WriteString(c, peers.OKAnswer)
	})
	u := &url.URL{Scheme: "http", Host: "name.test:8080", Path: "/a b", RawQuery: "q=1", User: url.UserPassword("a", "b")}
	tr := newTransport(t, Config{URL: u, Proxy: wire.ProxyOptions{URL: p.URL("http"), Username: "user", Password: "secret"}})
	require.NoError(t, do(tr, patience).Err)
	assert.Equal(t, "GET http://name.test:8080/a%20b?q=1 HTTP/1.1\r\n"+
		"Host: name.test:8080\r\n"+
		"Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"+
		"User-Agent: prober\r\n\r\n", <-seen)
}

func TestTunnelledRequestDoesNotShowTheProxy(t *testing.T) {
	t.Parallel()
	cfg := Config{
		Method: "GET",
		URL:    &url.URL{Scheme: "https", Host: "[fe80::1%eth0]", Path: "/"},
		Proxy:  wire.ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1:3128"}, Username: "user"},
	}
	authorization, forwarded := newTransport(t, cfg).dialer.Forwards()
	q := requestOf(&cfg, authorization, forwarded)
	assert.Equal(t, "/", q.Target)
	assert.Equal(t, "[fe80::1]", q.Authority)
	assert.Equal(t, message.Fields("User-Agent", "prober"), q.Fields)
}

func TestSocksProxyGetsNamesAsTheyAre(t *testing.T) {
	t.Parallel()
	type address struct {
		kind byte
		host string
	}
	asked := make(chan address, 1)
	p := peers.Listen(t, peers.SOCKSProxy(false, func(kind byte, host string) { asked <- address{kind, host} }))
	for host, want := range map[string]address{
		"name.test":        {peers.SOCKSName, "name.test"},
		"127.0.0.1":        {peers.SOCKSIPv4, "127.0.0.1"},
		"::ffff:127.0.0.1": {peers.SOCKSIPv4, "127.0.0.1"},
		"::1":              {peers.SOCKSIPv6, "::1"},
		"fe80::1%lo":       {peers.SOCKSIPv6, "fe80::1"},
	} {
		tr := newTransport(t, Config{
			URL:   &url.URL{Scheme: "http", Host: net.JoinHostPort(host, "1")},
			Proxy: wire.ProxyOptions{URL: p.URL("socks5")},
		})
		r := do(tr, patience)
		assert.Equal(t, errcode.ProxySocks, errcode.FromError(r.Err), "%s: %v", host, r.Err)
		assert.Equal(t, want, <-asked)
	}
}

func TestNoProxy(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		target string
		list   []string
		direct bool
	}{
		"an empty list":                       {target: "http://name.test"},
		"everything":                          {target: "http://name.test", list: []string{" * "}, direct: true},
		"the domain":                          {target: "http://name.test", list: []string{"other", "Name.Test"}, direct: true},
		"a domain above":                      {target: "http://a.name.test.", list: []string{"name.test"}, direct: true},
		"a part of a label":                   {target: "http://thename.test", list: []string{"name.test"}},
		"subdomains with a dot":               {target: "http://a.name.test", list: []string{".name.test"}, direct: true},
		"subdomains with an asterisk":         {target: "http://a.name.test", list: []string{"*.name.test"}, direct: true},
		"not the domain itself":               {target: "http://name.test", list: []string{".name.test", "*.name.test"}},
		"the standard port":                   {target: "https://name.test", list: []string{"name.test:443"}, direct: true},
		"another port":                        {target: "https://name.test:8443", list: []string{"name.test:443"}},
		"an address":                          {target: "http://10.0.0.1", list: []string{"10.0.0.1"}, direct: true},
		"an address and its port":             {target: "http://10.0.0.1", list: []string{"10.0.0.1:80"}, direct: true},
		"an address and another port":         {target: "http://10.0.0.1", list: []string{"10.0.0.1:81"}},
		"an IPv6 address":                     {target: "http://[fd00::1]", list: []string{"fd00::1"}, direct: true},
		"an IPv6 address and its port":        {target: "http://[fd00::1]:80", list: []string{"[fd00::1]:80"}, direct: true},
		"a prefix":                            {target: "http://10.1.2.3", list: []string{"10.0.0.0/8"}, direct: true},
		"another prefix":                      {target: "http://11.1.2.3", list: []string{"10.0.0.0/8"}},
		"a domain is no address":              {target: "http://10.0.0.1", list: []string{"0.0.1", ".1"}},
		"loopback is nothing special":         {target: "http://127.0.0.1"},
		"localhost is nothing special either": {target: "http://localhost"},
		"entries that mean nothing":           {target: "http://name.test", list: []string{"", ".", ":80", "*."}},
	}
	for name, test := range tests {
		u, err := url.Parse(test.target)
		require.NoError(t, err)
		tr := newTransport(t, Config{URL: u, Proxy: wire.ProxyOptions{
			URL:     &url.URL{Scheme: "http", Host: "192.0.2.1:3128"},
			NoProxy: test.list,
		}})
		assert.Equal(t, test.direct, !tr.dialer.IsProxied(), name)
	}
}

// granting returns a script of a proxy that answers CONNECT with text and is the target
// itself.
func granting(text string, target *tls.Config) func(net.Conn) {
	return func(c net.Conn) {
		if peers.ReadRequest(c, make([]byte, 4096)) {
			_, _ = io.WriteString(c, text)
			answeringTLS(target)(c)
		}
	}
}

func TestWhatFramesTheAnswerThatGrantsConnectIsIgnored(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	target := &tls.Config{Certificates: []tls.Certificate{certs.Issue(&ca)}}
	for _, fields := range []string{
		"Content-Length: 0\r\n",
		"Content-Length: 5\r\n",
		"Content-Length: x\r\n",
		"Content-Length: 5\r\n 6\r\n",
		"Content-Length: 5\r\nContent-Length: 6\r\n",
		"Content-Length: 99999999999999999999\r\n",
		"Transfer-Encoding: chunked\r\n",
		"Transfer-Encoding: gzip\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
	} {
		for _, start := range []string{"HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 299\r\n", earlyHints + "HTTP/1.1 200 OK\r\n"} {
			t.Run(start+fields, func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, granting(start+fields+"\r\n", target))
				tr := newTransport(t, Config{URL: p.URL("https"), Proxy: wire.ProxyOptions{URL: p.URL("http")}, TLS: option.TLS{CA: certs.PEM(ca)}})
				for range 2 {
					r := do(tr, patience)
					require.NoError(t, r.Err)
					assert.Equal(t, 200, r.HTTP.Status)
				}
				assert.Equal(t, 1, p.Connections())
			})
		}
	}
}

// The answers of the target behind the proxy, and a refusal by the proxy, have the usual
// framing.
func TestOnlyTheAnswerThatGrantsConnectHasNoFraming(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	cfg := &tls.Config{Certificates: []tls.Certificate{certs.Issue(&ca)}}
	p := peers.Listen(t, func(c net.Conn) {
		if peers.ReadRequest(c, make([]byte, 4096)) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
			s := tls.Server(c, cfg)
			defer s.Close()
			peers.Answering("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")(s)
		}
	})
	r := do(newTransport(t, Config{URL: p.URL("https"), Proxy: wire.ProxyOptions{URL: p.URL("http")}, TLS: option.TLS{CA: certs.PEM(ca)}}), patience)
	assert.Equal(t, errcode.HTTP1ContentLength, codeOf(r), "error: %v", r.Err)

	p = peers.Listen(t, peers.AnsweringOnce("HTTP/1.1 403 No\r\nContent-Length: x\r\n\r\n"))
	r = do(newTransport(t, Config{URL: p.URL("https"), Proxy: wire.ProxyOptions{URL: p.URL("http")}}), patience)
	assert.Equal(t, errcode.Proxy, codeOf(r), "error: %v", r.Err)
	assert.ErrorContains(t, r.Err, `malformed Content-Length "x"`)
}
