package transport

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/wire"
)

// serverEnds are ways to end a connection after the start of a request has come on it.
var serverEnds = map[string]func(c net.Conn){
	"closes when it has read the request": func(c net.Conn) { peers.ReadRequest(c, make([]byte, 4096)) },
	"closes with the request unread":      func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) },
	"resets when it has read the request": func(c net.Conn) { peers.ReadRequest(c, make([]byte, 4096)); peers.Reset(c) },
	"resets with the request unread":      func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); peers.Reset(c) },
}

func TestHoweverAReusedConnectionEndsBeforeAnAnswerIsOneFailure(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	cert := certs.Issue(&ca)
	for name, end := range serverEnds {
		twice := func(c net.Conn) {
			if peers.ReadRequest(c, make([]byte, 4096)) {
				_, _ = c.Write([]byte(peers.OKAnswer))
				end(c)
			}
		}
		for kind, cfg := range map[string]Config{
			"over TCP":        {URL: peers.Listen(t, twice).URL("http")},
			"over TLS":        {URL: peers.Listen(t, peers.Within(peers.Showing(cert), twice)).URL("https"), TLS: option.TLS{CA: certs.PEM(ca)}},
			"through a proxy": {URL: &url.URL{Scheme: "http", Host: "name.test"}, Proxy: wire.ProxyOptions{URL: peers.Listen(t, twice).URL("http")}},
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				tr := newTransport(t, cfg)
				require.NoError(t, do(tr, patience).Err)
				r := do(tr, patience)
				assert.Equal(t, errcode.ClosedReused, codeOf(r), "error: %v", r.Err)
				assert.True(t, r.Reused)
				assert.Zero(t, tr.Open())
			})
		}
	}
}

// A long upload meets the end while it is written.
func TestAReusedConnectionThatEndsInAnUploadIsTheSameFailure(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"closes with the request unread", "resets with the request unread"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, func(c net.Conn) {
				request, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, request.Body)
				_, _ = c.Write([]byte(peers.OKAnswer))
				serverEnds[name](c)
			})
			tr := newTransport(t, Config{URL: p.URL("http"), Method: "POST", BodySize: 4 << 20})
			require.NoError(t, do(tr, patience).Err)
			r := do(tr, patience)
			assert.True(t, r.Reused)
			assert.Equal(t, errcode.ClosedReused, codeOf(r), "error: %v", r.Err)
		})
	}
}

func TestAnEndWithinAnAnswerIsNoKeepAliveRace(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, func(c net.Conn) {
		buf := make([]byte, 4096)
		if peers.ReadRequest(c, buf) {
			_, _ = c.Write([]byte(peers.OKAnswer))
		}
		if peers.ReadRequest(c, buf) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nServ"))
		}
	})
	tr := newTransport(t, Config{URL: p.URL("http")})
	require.NoError(t, do(tr, patience).Err)
	r := do(tr, patience)
	assert.Equal(t, errcode.ClosedInHeaders, codeOf(r), "error: %v", r.Err)
	assert.True(t, r.Reused)
}

// Connect, the first write or the first read may meet the reset, by chance.
func TestAResetAtAcceptIsOneFailure(t *testing.T) {
	t.Parallel()
	const rounds = 60
	secure := &url.URL{Scheme: "https", Host: "name.test"}
	plain := &url.URL{Scheme: "http", Host: "name.test"}
	for name, tt := range map[string]struct {
		cfg    func(p *peers.Peer) Config
		code   errcode.Code
		opened bool
	}{
		"a target":                   {func(p *peers.Peer) Config { return Config{URL: p.URL("http")} }, errcode.Reset, true},
		"a target over TLS":          {func(p *peers.Peer) Config { return Config{URL: p.URL("https")} }, errcode.TLSClosed, false},
		"a target over HTTP/2":       {func(p *peers.Peer) Config { return Config{URL: p.URL("http"), HTTPVersion: option.H2C} }, errcode.Reset, true},
		"a target of HTTP/2 and TLS": {func(p *peers.Peer) Config { return Config{URL: p.URL("https"), HTTPVersion: option.OnlyHTTP2} }, errcode.TLSClosed, false},
		"a proxy":                    {func(p *peers.Peer) Config { return Config{URL: plain, Proxy: wire.ProxyOptions{URL: p.URL("http")}} }, errcode.Reset, true},
		"a proxy for a tunnel":       {func(p *peers.Peer) Config { return Config{URL: secure, Proxy: wire.ProxyOptions{URL: p.URL("http")}} }, errcode.Proxy, false},
		"an https proxy":             {func(p *peers.Peer) Config { return Config{URL: plain, Proxy: wire.ProxyOptions{URL: p.URL("https")}} }, errcode.ProxyConnect, false},
		"an https proxy of a tunnel": {func(p *peers.Peer) Config { return Config{URL: secure, Proxy: wire.ProxyOptions{URL: p.URL("https")}} }, errcode.ProxyConnect, false},
		"a SOCKS5 proxy":             {func(p *peers.Peer) Config { return Config{URL: plain, Proxy: wire.ProxyOptions{URL: p.URL("socks5")}} }, errcode.Proxy, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTransport(t, tt.cfg(peers.Listen(t, peers.Reset)))
			for range rounds {
				r := do(tr, patience)
				require.Equal(t, tt.code, codeOf(r), "error: %v", r.Err)
				require.False(t, r.Reused)
				require.Equal(t, tt.opened, r.Opened, "error: %v", r.Err)
			}
		})
	}
}

func TestARefusalIsNoReset(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Reset)
	require.NoError(t, p.Close())
	r := do(newTransport(t, Config{URL: p.URL("http")}), patience)
	assert.Equal(t, errcode.Refused, codeOf(r), "error: %v", r.Err)
	assert.False(t, r.Opened)
	r = do(newTransport(t, Config{URL: &url.URL{Scheme: "https", Host: "name.test"}, Proxy: wire.ProxyOptions{URL: p.URL("http")}}), patience)
	assert.Equal(t, errcode.ProxyConnect, codeOf(r), "error: %v", r.Err)
}

func TestAReusedHTTP2ConnectionThatEndsHasItsOwnNumber(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(p *peers.H2, id uint32)
		code errcode.Code
	}{
		"closed before the header": {func(p *peers.H2, _ uint32) { peers.EndWriting(p.Conn); p.Ignore() }, errcode.HTTP2ClosedReused},
		"reset before the header":  {func(p *peers.H2, _ uint32) { peers.Reset(p.Conn) }, errcode.HTTP2ClosedReused},
		"closed within a frame": {func(p *peers.H2, _ uint32) {
			_, _ = p.Conn.Write([]byte("\x00\x00"))
			peers.EndWriting(p.Conn)
			p.Ignore()
		}, errcode.HTTP2ClosedReused},
		"closed after the header": {func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "200")
			peers.EndWriting(p.Conn)
			p.Ignore()
		}, errcode.HTTP2Closed},
		"closed after GOAWAY": {func(p *peers.H2, id uint32) {
			_ = p.WriteGoAway(id, http2.ErrCodeInternal, nil)
			peers.EndWriting(p.Conn)
			p.Ignore()
		}, goAwayOf(http2.ErrCodeInternal)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, playing(func(p *peers.H2) {
				p.Answer(p.Request())
				tt.end(p, p.Request())
			}))
			tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C})
			require.NoError(t, do(tr, patience).Err)
			r := do(tr, patience)
			assert.True(t, r.Reused)
			assert.Equal(t, tt.code, codeOf(r), "error: %v", r.Err)
		})
	}
}
