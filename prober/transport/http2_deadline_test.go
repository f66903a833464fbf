package transport

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// gated is a server that answers at once on its first connection. It holds up the others
// until the deadline of the first request has passed and the pool watches none. Then these
// connections take a request and are silent.
type gated struct {
	tr   atomic.Pointer[Transport]
	seen atomic.Int32
}

// wait returns at once for the first caller. For others it returns when the pool of the
// transport watches no deadline.
func (g *gated) wait() {
	if g.seen.Add(1) == 1 {
		return
	}
	for end := probe.Now().Add(patience); probe.Now() < end; {
		if !g.tr.Load().h2.State().Watched {
			return
		}
		<-time.After(time.Millisecond)
	}
}

// answered returns a transport after its first request was answered in time. On a busy
// machine that may fail: then setUp has to make another.
func answered(t *testing.T, setUp func() *Transport) *Transport {
	t.Helper()
	for end := probe.Now().Add(patience); probe.Now() < end; {
		if tr := setUp(); do(tr, briefly).Err == nil {
			return tr
		}
	}
	require.FailNow(t, "no first request is answered in time")
	return nil
}

// answerOnce returns a script that answers only one request, the first on any connection.
func answerOnce() func(net.Conn) {
	var answered atomic.Bool
	return func(c net.Conn) {
		p := peers.NewH2(c)
		p.Greet()
		if id := p.Request(); id != 0 && answered.CompareAndSwap(false, true) {
			p.Answer(id)
		}
		p.Ignore()
	}
}

// multiplexed serves HTTP/2 over TLS.
func multiplexed(cert tls.Certificate, script func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		script(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{alpnHTTP2}}))
	}
}

// Each of these ways leads to a silent stream. On each, something takes longer than the
// deadline the pool was watching at the start.
func TestARequestOverHTTP2EndsAtItsDeadlineWhicheverWayItCame(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	for name, way := range map[string]func(t *testing.T, g *gated) Config{
		"a slow preface": func(t *testing.T, g *gated) Config {
			script := answerOnce()
			return Config{HTTPVersion: option.H2C, URL: peers.Listen(t, func(c net.Conn) { g.wait(); script(c) }).URL("http")}
		},
		"a slow handshake": func(t *testing.T, g *gated) Config {
			script := multiplexed(cert, answerOnce())
			return Config{HTTPVersion: option.OnlyHTTP2, URL: peers.Listen(t, func(c net.Conn) { g.wait(); script(c) }).URL("https")}
		},
		"a slow SOCKS proxy": func(t *testing.T, g *gated) Config {
			relay := peers.SOCKSProxy(false, func(byte, string) { g.wait() })
			return Config{
				HTTPVersion: option.H2C, URL: peers.Listen(t, answerOnce()).URL("http"),
				Proxy: wire.ProxyOptions{URL: peers.Listen(t, relay).URL("socks5")},
			}
		},
		"a slow CONNECT": func(t *testing.T, g *gated) Config {
			relay := peers.TunnelProxy(false)
			return Config{
				HTTPVersion: option.OnlyHTTP2, URL: peers.Listen(t, multiplexed(cert, answerOnce())).URL("https"),
				Proxy: wire.ProxyOptions{URL: peers.Listen(t, func(c net.Conn) { g.wait(); relay(c) }).URL("http")},
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := answered(t, func() *Transport {
				var g gated
				cfg := way(t, &g)
				cfg.TLS.InsecureSkipVerify = true
				cfg.RequestsPerConnection = 1
				tr := newTransport(t, cfg)
				g.tr.Store(tr)
				return tr
			})
			r := do(tr, 4*briefly)
			assert.True(t, errcode.FromError(r.Err).IsFailure(), "%v", r.Err)
		})
	}
}

func TestARequestThatWaitedForAStreamEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	tr := answered(t, func() *Transport {
		var g gated
		p := peers.Listen(t, playing(func(p *peers.H2) {
			p.Answer(p.Request())
			_ = p.WriteSettings(setting(http2.SettingMaxConcurrentStreams, 0)...)
			_ = p.Until(http2.FrameSettings) // the acknowledgement
			_ = p.WriteWindowUpdate(0, 1)
			g.seen.Add(1)
			g.wait()
			_ = p.WriteSettings(setting(http2.SettingMaxConcurrentStreams, 1)...)
			p.Ignore()
		}, setting(http2.SettingMaxConcurrentStreams, 1)...))
		tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C})
		g.tr.Store(tr)
		return tr
	})
	assert.True(t, errcode.FromError(do(tr, 4*briefly).Err).IsFailure())
}

func TestARequestThatWasRedirectedToHTTP2EndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	var g *gated
	tr := answered(t, func() *Transport {
		here, script := new(gated), answerOnce()
		g = here
		slow := peers.Listen(t, func(c net.Conn) { here.wait(); script(c) })
		from := serve(t, peers.H2C, func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, slow.URL("http").String(), http.StatusFound)
		})
		return newTransport(t, Config{URL: from, HTTPVersion: option.H2C, FollowRedirects: 1, RequestsPerConnection: 1})
	})
	for _, at := range tr.origins.all() {
		g.tr.Store(at.t)
	}
	assert.True(t, errcode.FromError(do(tr, 4*briefly).Err).IsFailure())
}

// The peer takes nothing more, while workers have content to send. The system must not
// hold up the workers, nor anyone who ends the connection for another reason.
func TestContentThatNobodyTakesIsGivenUpAtTheDeadline(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	free := make(chan struct{})
	stuck := func(c net.Conn) {
		p := peers.NewH2(c)
		p.Greet(setting(http2.SettingInitialWindowSize, 1<<30)...)
		_ = p.WriteWindowUpdate(0, 1<<30)
		<-free
	}
	plain, secured := peers.Listen(t, stuck).URL("http"), peers.Listen(t, multiplexed(cert, stuck)).URL("https")
	t.Cleanup(func() { close(free) }) // before the wait for the peers
	for name, cfg := range map[string]Config{
		"h2c": {URL: plain, HTTPVersion: option.H2C},
		"TLS": {URL: secured, HTTPVersion: option.OnlyHTTP2, TLS: option.TLS{InsecureSkipVerify: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Method, cfg.BodySize = "POST", 64<<20
			tr := newTransport(t, cfg)
			for range 2 { // the second time on a full connection
				forEach(3, func(int) {
					assert.Equal(t, errcode.RequestTimeout, errcode.FromError(do(tr, briefly).Err))
				})
			}
			tr.CloseIdle()
			tr.Wait()
			assert.Zero(t, tr.Open())
		})
	}
}

// A context that ends during a handshake aborts the connection, perhaps a little later.
// Whatever the connection has become by then must not matter.
func TestAnAbortMayComeLate(t *testing.T) {
	t.Parallel()
	u := serve(t, peers.H2C, func(http.ResponseWriter, *http.Request) {})
	tr := newTransport(t, Config{URL: u, HTTPVersion: option.H2C, RequestsPerConnection: 1})
	forEach(8, func(worker int) {
		for i := range 200 {
			ctx, cancel := context.WithCancel(context.Background())
			var r probe.Result
			r.Reset(probe.Now(), probe.Now().Add(patience))
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				if i%2 == worker%2 {
					<-time.After(time.Duration(i) * time.Microsecond)
				}
				cancel()
			}()
			tr.Do(ctx, &r)
			<-ended
			if r.Err != nil {
				assert.Equal(t, errcode.Cancelled, errcode.FromError(r.Err), "%v", r.Err)
			}
		}
	})
}

// Every connection of the burst is idle, and its peer reads nothing any more.
func TestClosingIdleConnectionsDoesNotWaitForTheirPeers(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	free := make(chan struct{})
	answerOnce := func(c net.Conn) {
		p := peers.NewH2(c)
		p.Greet(setting(http2.SettingInitialWindowSize, 1<<30)...)
		_ = p.WriteWindowUpdate(0, 1<<30)
		for f := p.Next(); f != nil; f = p.Next() {
			if f.Header().Type == http2.FrameHeaders {
				break
			}
		}
		<-free
	}
	u := peers.Listen(t, multiplexed(cert, answerOnce)).URL("https")
	t.Cleanup(func() { close(free) }) // before the wait for the peer
	tr := newTransport(t, Config{
		URL: u, HTTPVersion: option.OnlyHTTP2, TLS: option.TLS{InsecureSkipVerify: true},
		StreamsPerConnection: 1, Method: "POST", BodySize: 64 << 20,
	})
	forEach(20, func(int) { assert.Error(t, do(tr, briefly).Err) })
	eventually(t, func() bool { tr.CloseIdle(); return tr.Open() == 0 })
	tr.Wait()
}

// HTTP/1 over TLS says goodbye too, and must not wait for room to.
func TestClosingAConnectionWhosePeerDoesNotReadDoesNotWait(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	free := make(chan struct{})
	u := peers.Listen(t, peers.Within(peers.Showing(cert), func(c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, 10))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		<-free
	})).URL("https")
	t.Cleanup(func() { close(free) }) // before the wait for the peer
	tr := newTransport(t, Config{
		URL: u, HTTPVersion: option.OnlyHTTP11, TLS: option.TLS{InsecureSkipVerify: true}, Method: "POST", BodySize: 64 << 20,
	})
	r := do(tr, patience)
	assert.Equal(t, 200, r.HTTP.Status)
	tr.CloseIdle()
	tr.Wait()
	assert.Zero(t, tr.Open())
}
