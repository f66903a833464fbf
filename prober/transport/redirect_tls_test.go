package transport

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/message"
	"example.com/prober/prober/wire"
)

// hop serves a redirect to next, or an answer if next is nil. Over TLS its certificate
// ends after the given time.
func hop(t *testing.T, ca tls.Certificate, next *url.URL, life time.Duration) *url.URL {
	t.Helper()
	answer := peers.OKAnswer
	if next != nil {
		answer = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + next.String() + "\r\n\r\n"
	}
	if life == 0 {
		return peers.Listen(t, peers.Answering(answer)).URL("http")
	}
	cert := certs.Issue(&ca, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(life).Truncate(time.Second) })
	return peers.Listen(t, peers.Within(peers.Showing(cert), peers.Answering(answer))).URL("https")
}

func TestTheDateThatEndsFirstOnTheWayIsKnown(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	const early, later, latest = 10 * time.Minute, 20 * time.Minute, 30 * time.Minute
	for name, test := range map[string]struct {
		lives []time.Duration // of the certificates on the way; 0 is without TLS
		ends  time.Duration
		code  errcode.Code
	}{
		"http to https":                     {lives: []time.Duration{0, later}, ends: later},
		"http to https that has expired":    {lives: []time.Duration{0, -early}, ends: -early, code: errcode.CertExpired},
		"https to https, first ends first":  {lives: []time.Duration{early, later}, ends: early},
		"https to https, second ends first": {lives: []time.Duration{later, early}, ends: early},
		"https to https that has expired":   {lives: []time.Duration{later, -early}, ends: -early, code: errcode.CertExpired},
		"three, the one between ends first": {lives: []time.Duration{latest, early, later}, ends: early},
		"http, https, https":                {lives: []time.Duration{0, later, early}, ends: early},
	} {
		for reuse, requests := range map[string]int{"warm": 0, "new": 1} {
			t.Run(name+", "+reuse, func(t *testing.T) {
				t.Parallel()
				var u *url.URL
				for i := len(test.lives) - 1; i >= 0; i-- {
					u = hop(t, ca, u, test.lives[i])
				}
				tr := newTransport(t, Config{
					URL: u, FollowRedirects: 3, RequestsPerConnection: requests, HTTPVersion: option.OnlyHTTP11,
					TLS: option.TLS{CA: certs.PEM(ca)},
				})
				want := time.Now().Add(test.ends)
				for range 3 {
					r := do(tr, patience)
					require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
					require.NotNil(t, r.TLS)
					assert.WithinDuration(t, want, r.TLS.LeafNotAfter, time.Minute)
					assert.WithinDuration(t, want, r.TLS.EarliestNotAfter, time.Minute)
				}
			})
		}
	}
}

// The connection to the hop with the earlier date stays warm, and the other hop makes a
// handshake each time.
func TestAHandshakeWithOneHopDoesNotHideTheDateOfAnother(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	last := hop(t, ca, nil, time.Minute)
	cert := certs.Issue(&ca)
	p := peers.Listen(t, peers.Within(peers.Showing(cert), peers.Answering("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: "+last.String()+"\r\n\r\n")))
	tr := newTransport(t, Config{URL: p.URL("https"), FollowRedirects: 1, HTTPVersion: option.OnlyHTTP11, TLS: option.TLS{CA: certs.PEM(ca)}})
	for i := range 3 {
		r := do(tr, patience)
		require.NoError(t, r.Err)
		assert.Equal(t, i > 0, r.Reused)
		assert.True(t, r.TLS.LeafNotAfter.Before(cert.Leaf.NotAfter))
	}
}

func TestAFailureBehindARedirectNamesTheHost(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	odd := func(answer string) *url.URL { return peers.Listen(t, peers.AnsweringOnce(answer)).URL("http") }
	silent := peers.Listen(t, peers.Silence)
	untrusted := peers.Listen(t, answeringTLS(peers.Showing(certs.Issue(nil))))
	nowhere := &url.URL{Scheme: "http", Host: peers.ClosedPort(t), Path: "/"}
	for name, test := range map[string]struct {
		to     *url.URL
		follow int // 2 unless it says otherwise
		time   time.Duration
		code   errcode.Code
	}{
		"a certificate that has expired":   {to: hop(t, ca, nil, -time.Minute), code: errcode.CertExpired},
		"a certificate of nobody":          {to: untrusted.URL("https"), code: errcode.UnknownAuthority},
		"nobody listens":                   {to: nowhere, code: errcode.Refused},
		"no HTTP":                          {to: odd("SSH-2.0-OpenSSH_9.2\r\n"), code: errcode.HTTP1StatusLine},
		"no answer":                        {to: silent.URL("http"), time: amply, code: errcode.RequestTimeout},
		"a redirect that leads nowhere":    {to: odd("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), code: errcode.RedirectLocation},
		"a name that nobody can look up":   {to: &url.URL{Scheme: "http", Host: strings.Repeat("a", 300) + ".test", Path: "/"}, code: errcode.NoSuchHost},
		"more redirects than are followed": {to: hop(t, ca, hop(t, ca, nil, 0), 0), follow: 1, code: errcode.RedirectLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.time == 0 {
				test.time = patience
			}
			server := peers.ServeZone(t, map[string]peers.Entry{})
			tr := newTransport(t, Config{
				URL: hop(t, ca, test.to, 0), FollowRedirects: cmp.Or(test.follow, 2), Dial: option.Dial{DNSServer: server.Address}, TLS: option.TLS{CA: certs.PEM(ca)},
			})
			r := do(tr, test.time)
			require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
			host := test.to.Host
			if len(host) > 100 {
				host = host[:100] + "..."
			}
			assert.Contains(t, r.Err.Error(), "after a redirect to "+host+": ")
			assert.Less(t, len(r.Err.Error()), 1000)
		})
	}
}

// A server could put what it was sent into the name of a host, and that may be a secret.
func TestAHostThatRepeatsWhatWasSentIsNotNamed(t *testing.T) {
	t.Parallel()
	target := &url.URL{Scheme: "http", Host: "shop.test", Path: "/", RawQuery: "key=tiger%2Dlily&next=there"}
	token := func() (string, error) { return "Bearer eyJhbGciOi.x", nil }
	cfg := Config{
		URL: target, Body: []byte("pass=Sesame-opens"), Authorization: token,
		Header: message.Fields("X-Key", "correct horse"),
		Proxy:  wire.ProxyOptions{URL: &url.URL{Scheme: "http", Host: "proxy.test", User: url.UserPassword("me", "swordfish")}},
	}
	for host, repeats := range map[string]bool{
		"shop.test": false, "www.shop.test": false, "login.other.test": false, "127.0.0.1": false,
		"tiger.test": true, "TIGER.test": true, "a-lily.test": true, "sesame.test": true, "horse.test": true,
		"xeyJhbGciOix.test": true, "there.test": true, "key.test": false, "swordfish.test": true, "proxy.test": false,
	} {
		assert.Equal(t, repeats, cfg.hasSent(host, new(scratch)), host)
	}
}
