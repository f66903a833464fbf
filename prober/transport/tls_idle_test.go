package transport

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/wire"
)

const strayAnswer = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

// ways lead to a target over TLS: each returns the options for a new proxy.
func ways(t *testing.T, ca tls.Certificate) map[string]wire.ProxyOptions {
	t.Helper()
	via := func(scheme string, at func(net.Conn)) wire.ProxyOptions {
		return wire.ProxyOptions{URL: peers.Listen(t, at).URL(scheme), TLS: option.TLS{CA: certs.PEM(ca)}}
	}
	return map[string]wire.ProxyOptions{
		"directly":               {},
		"through an HTTP proxy":  via("http", peers.TunnelProxy(false)),
		"through an HTTPS proxy": via("https", peers.Within(peers.Showing(certs.Issue(&ca)), peers.TunnelProxy(false))),
		"through a SOCKS5 proxy": via("socks5", peers.SOCKSProxy(false, func(byte, string) {})),
	}
}

// eachRequest calls answer for each request to s until the client closes.
func eachRequest(s *talker, answer func()) {
	in := bufio.NewReader(s)
	for {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		answer()
	}
}

// A server may send something on its own after an answer, in TLS 1.3 and before. It is
// never taken for the answer to the next request.
func TestWhatComesOnAnIdleTLSConnection(t *testing.T) {
	t.Parallel()
	many := func(n int, message []byte) func(*talker) {
		return func(s *talker) {
			s.together(func() {
				for range n {
					s.manage(message)
				}
			})
		}
	}
	tests := map[string]struct {
		comes func(*talker)
		Kept  bool
		only  uint16 // version, 0 for both
	}{
		"an answer that nobody asked for": {comes: func(s *talker) { s.say(strayAnswer) }},
		"its first byte":                  {comes: func(s *talker) { s.say(strayAnswer[:1]) }},
		"an answer in two records": {comes: func(s *talker) {
			s.together(func() { s.say(strayAnswer[:20]) }, func() { s.say(strayAnswer[20:]) })
		}},
		"close_notify": {comes: func(s *talker) { s.end() }},
		"the end":      {comes: func(s *talker) { _ = s.raw.Close() }},
		"a warning": {only: tls.VersionTLS12, comes: func(s *talker) {
			_, _ = s.raw.Write(record(recordAlert, 1, 90)) // not even encrypted
		}},
		"a key update":             {only: tls.VersionTLS13, Kept: true, comes: many(1, keyUpdate)},
		"one that asks for ours":   {only: tls.VersionTLS13, Kept: true, comes: many(1, askingUpdate)},
		"key updates":              {only: tls.VersionTLS13, Kept: true, comes: many(5, askingUpdate)},
		"a session ticket":         {only: tls.VersionTLS13, Kept: true, comes: many(1, ticket)},
		"session tickets":          {only: tls.VersionTLS13, Kept: true, comes: many(4, ticket)},
		"a flood of key updates":   {only: tls.VersionTLS13, comes: many(40, askingUpdate)},
		"a flood of tickets":       {only: tls.VersionTLS13, comes: many(40, ticket)},
		"a key update, an answer":  {only: tls.VersionTLS13, comes: func(s *talker) { s.together(func() { s.manage(keyUpdate) }, func() { s.say(strayAnswer) }) }},
		"a ticket, close_notify":   {only: tls.VersionTLS13, comes: func(s *talker) { s.together(func() { s.manage(ticket) }, s.end) }},
		"a message of a handshake": {only: tls.VersionTLS13, comes: func(s *talker) { s.manage([]byte{20, 0, 0, 0}) }},
		"the beginning of an answer": {only: tls.VersionTLS13, comes: func(s *talker) {
			_, _ = s.raw.Write(s.record(labApplicationData, []byte(strayAnswer)...)[:40])
		}},
		"the beginning of a record": {only: tls.VersionTLS13, comes: func(s *talker) {
			_, _ = s.raw.Write(s.record(labApplicationData, []byte(strayAnswer)...)[:3])
		}},
		"no content": {only: tls.VersionTLS13, comes: func(s *talker) { s.say("") }},
	}
	ca := certs.Issue(nil, certs.Authority)
	through := ways(t, ca)
	for name, test := range tests {
		for way, via := range through {
			for versionName, version := range tlsVersions {
				if test.only != 0 && test.only != version {
					continue
				}
				t.Run(name+" "+way+", "+versionName, func(t *testing.T) {
					t.Parallel()
					answered := make(chan struct{})
					defer close(answered)
					p := peers.Listen(t, talking(t, certs.Issue(&ca), version, func(s *talker) {
						eachRequest(s, func() {
							s.say(peers.OKAnswer)
							<-answered
							test.comes(s)
						})
					}))
					tr := newTransport(t, Config{URL: p.URL("https"), Proxy: via, TLS: option.TLS{CA: certs.PEM(ca)}})
					for i := range 4 {
						r := do(tr, patience)
						require.NoError(t, r.Err)
						require.Equal(t, 200, r.HTTP.Status, "request %d", i)
						require.Equal(t, test.Kept && i > 0, r.Reused, "request %d", i)
						answered <- struct{}{}
						awaitDead(t, tr)
					}
				})
			}
		}
	}
}

// Data received together with an answer is known once the answer has been read.
func TestWhatComesTogetherWithAnAnswerOverTLS(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		comes func(*talker)
		code  errcode.Code
		Kept  bool
		only  uint16 // version, 0 for both
	}{
		"an answer in a record of its own": {code: errcode.HTTP1Desync, comes: func(s *talker) { s.say(strayAnswer) }},
		"a byte in a record of its own":    {code: errcode.HTTP1Desync, comes: func(s *talker) { s.say("H") }},
		"close_notify":                     {comes: func(s *talker) { s.end() }},
		"close_notify and the end":         {comes: func(s *talker) { s.end(); s.raw.send(); _ = s.raw.Close() }},
		"a ticket":                         {only: tls.VersionTLS13, Kept: true, comes: func(s *talker) { s.manage(ticket) }},
		"a key update":                     {only: tls.VersionTLS13, Kept: true, comes: func(s *talker) { s.manage(askingUpdate) }},
		"a key update, an answer": {only: tls.VersionTLS13, code: errcode.HTTP1Desync, comes: func(s *talker) {
			s.manage(askingUpdate)
			s.say(strayAnswer)
		}},
		"a flood of tickets": {only: tls.VersionTLS13, comes: func(s *talker) {
			for range 40 {
				s.manage(ticket)
			}
		}},
		"a ticket, close_notify": {only: tls.VersionTLS13, comes: func(s *talker) {
			s.manage(ticket)
			s.end()
		}},
	}
	ca := certs.Issue(nil, certs.Authority)
	through := ways(t, ca)
	for name, test := range tests {
		for way, via := range through {
			for versionName, version := range tlsVersions {
				if test.only != 0 && test.only != version {
					continue
				}
				t.Run(name+" "+way+", "+versionName, func(t *testing.T) {
					t.Parallel()
					p := peers.Listen(t, talking(t, certs.Issue(&ca), version, func(s *talker) {
						eachRequest(s, func() {
							s.together(func() { s.say(peers.OKAnswer) }, func() { test.comes(s) })
						})
					}))
					tr := newTransport(t, Config{URL: p.URL("https"), Proxy: via, TLS: option.TLS{CA: certs.PEM(ca)}})
					for i := range 3 {
						r := do(tr, patience)
						require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
						require.Equal(t, 200, r.HTTP.Status)
						require.Equal(t, test.Kept && i > 0, r.Reused)
						if !test.Kept {
							assert.Zero(t, tr.Open(), "it is known at once")
						}
					}
				})
			}
		}
	}
}

// The beginning of a record does not show its type of content.
func TestARecordThatBeginsTogetherWithAnAnswer(t *testing.T) {
	t.Parallel()
	stray := func(s *talker) []byte { return s.record(labApplicationData, []byte(strayAnswer)...) }
	update := func(s *talker) []byte { return s.record(labHandshake, keyUpdate...) }
	ca := certs.Issue(nil, certs.Authority)
	for name, test := range map[string]struct {
		record func(*talker) []byte
		rest   bool // comes before the next request
		Kept   bool
	}{
		"an answer":          {record: stray},
		"a whole answer":     {record: stray, rest: true},
		"a key update":       {record: update},
		"a whole key update": {record: update, rest: true, Kept: true},
	} {
		for _, begun := range []int{3, 12} {
			for way, via := range ways(t, ca) {
				t.Run(name+" "+way, func(t *testing.T) {
					t.Parallel()
					answered := make(chan struct{})
					defer close(answered)
					p := peers.Listen(t, talking(t, certs.Issue(&ca), tls.VersionTLS13, func(s *talker) {
						eachRequest(s, func() {
							var raw []byte
							s.together(func() { s.say(peers.OKAnswer) }, func() {
								raw = test.record(s)
								_, _ = s.raw.Write(raw[:begun])
							})
							<-answered
							if test.rest {
								_, _ = s.raw.Write(raw[begun:])
							}
						})
					}))
					tr := newTransport(t, Config{URL: p.URL("https"), Proxy: via, TLS: option.TLS{CA: certs.PEM(ca)}})
					for i := range 3 {
						r := do(tr, patience)
						require.NoError(t, r.Err)
						require.Equal(t, test.Kept && i > 0, r.Reused)
						answered <- struct{}{}
						if test.rest {
							awaitDead(t, tr)
						}
					}
				})
			}
		}
	}
}

// A record larger than the buffer holds the answer and more behind it.
func TestALongRecordWithMoreThanTheAnswer(t *testing.T) {
	t.Parallel()
	header := "HTTP/1.1 200 OK\r\nContent-Length: 8151\r\n\r\n"
	answer := header + strings.Repeat("x", 8151)
	require.Equal(t, 8<<10, len(answer), "the buffer is full at the end of the answer") //nolint:testifylint // Len would print it
	ca := certs.Issue(nil, certs.Authority)
	for versionName, version := range tlsVersions {
		for more, code := range map[string]errcode.Code{"": errcode.OK, "x": errcode.HTTP1Desync} {
			t.Run(versionName+more, func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, talking(t, certs.Issue(&ca), version, func(s *talker) {
					eachRequest(s, func() { s.say(answer + more) })
				}))
				tr := newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(ca)}})
				for range 2 {
					r := do(tr, patience)
					require.Equal(t, code, errcode.FromError(r.Err), "%v", r.Err)
				}
			})
		}
	}
}

func TestAnAnswerThatNobodyAskedForWithoutTLSToTheTarget(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	direct := func(answered chan struct{}) func(net.Conn) {
		return func(c net.Conn) {
			for peers.ReadRequest(c, make([]byte, 4096)) {
				_, _ = c.Write([]byte(peers.OKAnswer))
				<-answered
				_, _ = c.Write([]byte(strayAnswer))
			}
		}
	}
	secured := func(answered chan struct{}) func(net.Conn) {
		return talking(t, certs.Issue(&ca), tls.VersionTLS13, func(s *talker) {
			eachRequest(s, func() {
				s.say(peers.OKAnswer)
				<-answered
				s.say(strayAnswer)
			})
		})
	}
	socks := peers.Listen(t, peers.SOCKSProxy(false, func(byte, string) {}))
	for name, test := range map[string]struct {
		at    func(answered chan struct{}) func(net.Conn)
		proxy func(*peers.Peer) *url.URL
	}{
		"directly":               {at: direct},
		"through a SOCKS5 proxy": {at: direct, proxy: func(*peers.Peer) *url.URL { return socks.URL("socks5") }},
		"of an HTTP proxy":       {at: direct, proxy: func(p *peers.Peer) *url.URL { return p.URL("http") }},
		"of an HTTPS proxy":      {at: secured, proxy: func(p *peers.Peer) *url.URL { return p.URL("https") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answered := make(chan struct{})
			defer close(answered)
			p := peers.Listen(t, test.at(answered))
			cfg := Config{URL: p.URL("http"), Proxy: wire.ProxyOptions{TLS: option.TLS{CA: certs.PEM(ca)}}}
			if test.proxy != nil {
				cfg.Proxy.URL = test.proxy(p)
			}
			tr := newTransport(t, cfg)
			for range 3 {
				r := do(tr, patience)
				require.NoError(t, r.Err)
				require.Equal(t, 200, r.HTTP.Status)
				require.False(t, r.Reused)
				answered <- struct{}{}
				awaitDead(t, tr)
			}
		})
	}
}
