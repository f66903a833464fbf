package transport

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// within returns the TCP connection that carries c, which may be TLS.
func within(c net.Conn) net.Conn {
	if inner, ok := c.(interface{ NetConn() net.Conn }); ok {
		return inner.NetConn()
	}
	return c
}

// serverEnds are ways to end a connection when a request has begun to come on it.
var serverEnds = map[string]func(c net.Conn){
	"closes when it has read the request": func(c net.Conn) { readRequest(c, make([]byte, 4096)) },
	"closes with the request unread":      func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) },
	"resets when it has read the request": func(c net.Conn) { readRequest(c, make([]byte, 4096)); abortConn(within(c)) },
	"resets with the request unread":      func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); abortConn(within(c)) },
}

func TestHoweverAReusedConnectionEndsBeforeAnAnswerIsOneFailure(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert := ca.issue(t)
	for name, end := range serverEnds {
		twice := func(c net.Conn) {
			if readRequest(c, make([]byte, 4096)) {
				_, _ = c.Write([]byte(okAnswer))
				end(c)
			}
		}
		for kind, cfg := range map[string]Config{
			"over TCP":        {URL: listen(t, twice).url("http")},
			"over TLS":        {URL: listen(t, overTLS(cert, twice)).url("https"), TLS: TLSOptions{CA: ca.pem()}},
			"through a proxy": {URL: &url.URL{Scheme: "http", Host: "name.test"}, Proxy: ProxyOptions{URL: listen(t, twice).url("http")}},
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
			p := listen(t, func(c net.Conn) {
				request, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, request.Body)
				_, _ = c.Write([]byte(okAnswer))
				serverEnds[name](c)
			})
			tr := newTransport(t, Config{URL: p.url("http"), Method: "POST", BodySize: 4 << 20})
			require.NoError(t, do(tr, patience).Err)
			r := do(tr, patience)
			assert.True(t, r.Reused)
			assert.Equal(t, errcode.ClosedReused, codeOf(r), "error: %v", r.Err)
		})
	}
}

func TestAnEndWithinAnAnswerIsNoKeepAliveRace(t *testing.T) {
	t.Parallel()
	p := listen(t, func(c net.Conn) {
		buf := make([]byte, 4096)
		if readRequest(c, buf) {
			_, _ = c.Write([]byte(okAnswer))
		}
		if readRequest(c, buf) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nServ"))
		}
	})
	tr := newTransport(t, Config{URL: p.url("http")})
	require.NoError(t, do(tr, patience).Err)
	r := do(tr, patience)
	assert.Equal(t, errcode.ClosedInHeaders, codeOf(r), "error: %v", r.Err)
	assert.True(t, r.Reused)
}

// Whether connect, the first write or the first read meets the reset is for the moment.
func TestAResetAtAcceptIsOneFailure(t *testing.T) {
	t.Parallel()
	const rounds = 60
	secure := &url.URL{Scheme: "https", Host: "name.test"}
	plain := &url.URL{Scheme: "http", Host: "name.test"}
	for name, tt := range map[string]struct {
		cfg    func(p *peer) Config
		code   errcode.Code
		opened bool
		phase  errcode.Phase
	}{
		"a target":                   {func(p *peer) Config { return Config{URL: p.url("http")} }, errcode.Reset, true, errcode.PhaseSend},
		"a target over TLS":          {func(p *peer) Config { return Config{URL: p.url("https")} }, errcode.TLSClosed, false, errcode.PhaseTLS},
		"a target over HTTP/2":       {func(p *peer) Config { return Config{URL: p.url("http"), HTTPVersion: H2C} }, errcode.Reset, true, errcode.PhaseSend},
		"a target of HTTP/2 and TLS": {func(p *peer) Config { return Config{URL: p.url("https"), HTTPVersion: OnlyHTTP2} }, errcode.TLSClosed, false, errcode.PhaseTLS},
		"a proxy":                    {func(p *peer) Config { return Config{URL: plain, Proxy: ProxyOptions{URL: p.url("http")}} }, errcode.Reset, true, errcode.PhaseSend},
		"a proxy for a tunnel":       {func(p *peer) Config { return Config{URL: secure, Proxy: ProxyOptions{URL: p.url("http")}} }, errcode.Proxy, false, errcode.PhaseConnect},
		"an https proxy":             {func(p *peer) Config { return Config{URL: plain, Proxy: ProxyOptions{URL: p.url("https")}} }, errcode.ProxyConnect, false, errcode.PhaseConnect},
		"an https proxy of a tunnel": {func(p *peer) Config { return Config{URL: secure, Proxy: ProxyOptions{URL: p.url("https")}} }, errcode.ProxyConnect, false, errcode.PhaseConnect},
		"a SOCKS5 proxy":             {func(p *peer) Config { return Config{URL: plain, Proxy: ProxyOptions{URL: p.url("socks5")}} }, errcode.Proxy, false, errcode.PhaseConnect},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTransport(t, tt.cfg(listen(t, abortConn)))
			for range rounds {
				r := do(tr, patience)
				require.Equal(t, tt.code, codeOf(r), "error: %v", r.Err)
				require.False(t, r.Reused)
				require.Equal(t, tt.opened, r.Opened, "error: %v", r.Err)
			}
		})
		t.Run(name+", met by connect", func(t *testing.T) {
			t.Parallel()
			tr := newTransport(t, tt.cfg(listen(t, abortConn)))
			var r probe.Result
			r.Begin()
			r.Enter(errcode.PhaseConnect)
			r.Fail(&errcode.PhaseError{Err: tr.dialer.unmade(&r, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNRESET})})
			require.Equal(t, tt.code, codeOf(&r), "error: %v", r.Err)
			require.Equal(t, tt.opened, r.Opened)
			require.Equal(t, tt.phase, r.FailedIn())
		})
	}
}

func TestARefusalIsNoReset(t *testing.T) {
	t.Parallel()
	p := listen(t, abortConn)
	require.NoError(t, p.Close())
	r := do(newTransport(t, Config{URL: p.url("http")}), patience)
	assert.Equal(t, errcode.Refused, codeOf(r), "error: %v", r.Err)
	assert.False(t, r.Opened)
	r = do(newTransport(t, Config{URL: &url.URL{Scheme: "https", Host: "name.test"}, Proxy: ProxyOptions{URL: p.url("http")}}), patience)
	assert.Equal(t, errcode.ProxyConnect, codeOf(r), "error: %v", r.Err)
}

func TestAReusedHTTP2ConnectionThatEndsHasItsOwnNumber(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(p *h2peer, id uint32)
		code errcode.Code
	}{
		"closed before the header": {func(p *h2peer, _ uint32) { closeWrite(p.Conn); p.ignore() }, errcode.HTTP2ClosedReused},
		"reset before the header":  {func(p *h2peer, _ uint32) { abortConn(p.Conn) }, errcode.HTTP2ClosedReused},
		"closed within a frame":    {func(p *h2peer, _ uint32) { _, _ = p.Conn.Write([]byte("\x00\x00")); closeWrite(p.Conn); p.ignore() }, errcode.HTTP2ClosedReused},
		"closed after the header": {func(p *h2peer, id uint32) {
			p.headers(id, false, ":status", "200")
			closeWrite(p.Conn)
			p.ignore()
		}, errcode.HTTP2Closed},
		"closed after GOAWAY": {func(p *h2peer, id uint32) {
			_ = p.WriteGoAway(id, http2.ErrCodeInternal, nil)
			closeWrite(p.Conn)
			p.ignore()
		}, goAwayOf(http2.ErrCodeInternal)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := listen(t, func(c net.Conn) {
				p := newH2peer(c)
				p.greet()
				p.answer(p.request())
				tt.end(p, p.request())
			})
			tr := newTransport(t, Config{URL: p.url("http"), HTTPVersion: H2C})
			require.NoError(t, do(tr, patience).Err)
			r := do(tr, patience)
			assert.True(t, r.Reused)
			assert.Equal(t, tt.code, codeOf(r), "error: %v", r.Err)
		})
	}
}
