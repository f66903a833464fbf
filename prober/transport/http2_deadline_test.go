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
)

// gated is a server whose first connection answers at once. The others are held up until
// the pool watches no deadline any more, that of the first request having passed; they
// then take a request and are silent.
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
	for end := Now().Add(patience); Now() < end; {
		p := g.tr.Load().h2
		p.mu.Lock()
		idle := p.armed == 0
		p.mu.Unlock()
		if idle {
			return
		}
		<-time.After(time.Millisecond)
	}
}

// answered returns a transport whose first request was answered in time. On a machine with
// other work it may not be: then setUp has to make another.
func answered(t *testing.T, setUp func() *Transport) *Transport {
	t.Helper()
	for end := Now().Add(patience); Now() < end; {
		if tr := setUp(); do(tr, briefly).Err == nil {
			return tr
		}
	}
	require.FailNow(t, "no first request is answered in time")
	return nil
}

// answerOnce returns a script that answers the first request of all connections.
func answerOnce() func(net.Conn) {
	var answered atomic.Bool
	return func(c net.Conn) {
		p := newH2peer(c)
		p.greet()
		if id := p.request(); id != 0 && answered.CompareAndSwap(false, true) {
			p.answer(id)
		}
		p.ignore()
	}
}

// multiplexed serves HTTP/2 over TLS.
func multiplexed(cert tls.Certificate, script func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		script(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{alpnHTTP2}}))
	}
}

// Each of these ways leads to a stream on which nothing comes, by way of something that
// takes longer than the deadline that the pool was watching when it began.
func TestARequestOverHTTP2EndsAtItsDeadlineWhicheverWayItCame(t *testing.T) {
	t.Parallel()
	cert := newAuthority(t).issue(t)
	for name, way := range map[string]func(t *testing.T, g *gated) Config{
		"a slow preface": func(t *testing.T, g *gated) Config {
			script := answerOnce()
			return Config{HTTPVersion: H2C, URL: listen(t, func(c net.Conn) { g.wait(); script(c) }).url("http")}
		},
		"a slow handshake": func(t *testing.T, g *gated) Config {
			script := multiplexed(cert, answerOnce())
			return Config{HTTPVersion: OnlyHTTP2, URL: listen(t, func(c net.Conn) { g.wait(); script(c) }).url("https")}
		},
		"a slow SOCKS proxy": func(t *testing.T, g *gated) Config {
			relay := socksProxy(false, func(byte, string) { g.wait() })
			return Config{
				HTTPVersion: H2C, URL: listen(t, answerOnce()).url("http"),
				Proxy: ProxyOptions{URL: listen(t, relay).url("socks5")},
			}
		},
		"a slow CONNECT": func(t *testing.T, g *gated) Config {
			relay := tunnelProxy(false)
			return Config{
				HTTPVersion: OnlyHTTP2, URL: listen(t, multiplexed(cert, answerOnce())).url("https"),
				Proxy: ProxyOptions{URL: listen(t, func(c net.Conn) { g.wait(); relay(c) }).url("http")},
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
		p := listen(t, func(c net.Conn) {
			p := newH2peer(c)
			p.greet(setting(http2.SettingMaxConcurrentStreams, 1)...)
			p.answer(p.request())
			_ = p.WriteSettings(setting(http2.SettingMaxConcurrentStreams, 0)...)
			_ = p.until(http2.FrameSettings) // the acknowledgement
			_ = p.WriteWindowUpdate(0, 1)
			g.seen.Add(1)
			g.wait()
			_ = p.WriteSettings(setting(http2.SettingMaxConcurrentStreams, 1)...)
			p.ignore()
		})
		tr := newTransport(t, Config{URL: p.url("http"), HTTPVersion: H2C})
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
		slow := listen(t, func(c net.Conn) { here.wait(); script(c) })
		from := serveH2C(t, func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, slow.url("http").String(), http.StatusFound)
		})
		return newTransport(t, Config{URL: from, HTTPVersion: H2C, FollowRedirects: 1, RequestsPerConnection: 1})
	})
	for _, at := range tr.origins.all() {
		g.tr.Store(at.t)
	}
	assert.True(t, errcode.FromError(do(tr, 4*briefly).Err).IsFailure())
}

// The peer takes nothing more, while workers have content to send: the system must not
// hold them up, nor any that end the connection for another reason.
func TestContentThatNobodyTakesIsGivenUpAtTheDeadline(t *testing.T) {
	t.Parallel()
	cert := newAuthority(t).issue(t)
	free := make(chan struct{})
	stuck := func(c net.Conn) {
		p := newH2peer(c)
		p.greet(setting(http2.SettingInitialWindowSize, 1<<30)...)
		_ = p.WriteWindowUpdate(0, 1<<30)
		<-free
	}
	plain, secured := listen(t, stuck).url("http"), listen(t, multiplexed(cert, stuck)).url("https")
	t.Cleanup(func() { close(free) }) // before the peers are waited for
	for name, cfg := range map[string]Config{
		"h2c": {URL: plain, HTTPVersion: H2C},
		"TLS": {URL: secured, HTTPVersion: OnlyHTTP2, TLS: TLSOptions{InsecureSkipVerify: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Method, cfg.BodySize = "POST", 64<<20
			tr := newTransport(t, cfg)
			for range 2 { // the second time on a connection that is full
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

// A context that ends during a handshake aborts the connection, perhaps a little later:
// what the connection has become by then must not matter.
func TestAnAbortMayComeLate(t *testing.T) {
	t.Parallel()
	u := serveH2C(t, func(http.ResponseWriter, *http.Request) {})
	tr := newTransport(t, Config{URL: u, HTTPVersion: H2C, RequestsPerConnection: 1})
	forEach(8, func(worker int) {
		for i := range 200 {
			ctx, cancel := context.WithCancel(context.Background())
			var r Result
			r.Reset(Now(), Now().Add(patience))
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

func TestASettingThatIsTooLargeForAnyUseIsTakenForTheLargest(t *testing.T) {
	t.Parallel()
	var h h2conn
	h.h2flow = newFlow()
	require.NoError(t, h.applySetting(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1<<32 - 1}))
	assert.EqualValues(t, maxStreamID, h.peerStreams, "which fits an int of 32 bits")
}

// Every connection of the burst is idle, and its peer reads nothing any more.
func TestClosingIdleConnectionsDoesNotWaitForTheirPeers(t *testing.T) {
	t.Parallel()
	cert := newAuthority(t).issue(t)
	free := make(chan struct{})
	answerOnce := func(c net.Conn) {
		p := newH2peer(c)
		p.greet(setting(http2.SettingInitialWindowSize, 1<<30)...)
		_ = p.WriteWindowUpdate(0, 1<<30)
		for f := p.next(); f != nil; f = p.next() {
			if f.Header().Type == http2.FrameHeaders {
				break
			}
		}
		<-free
	}
	u := listen(t, multiplexed(cert, answerOnce)).url("https")
	t.Cleanup(func() { close(free) }) // before the peer is waited for
	tr := newTransport(t, Config{
		URL: u, HTTPVersion: OnlyHTTP2, TLS: TLSOptions{InsecureSkipVerify: true},
		StreamsPerConnection: 1, Method: "POST", BodySize: 64 << 20,
	})
	forEach(20, func(int) { assert.Error(t, do(tr, briefly).Err) })
	eventually(t, func() bool { tr.CloseIdle(); return tr.Open() == 0 })
	tr.Wait()
}

// HTTP/1 over TLS says goodbye too, and must not wait for room to.
func TestClosingAConnectionWhosePeerDoesNotReadDoesNotWait(t *testing.T) {
	t.Parallel()
	cert := newAuthority(t).issue(t)
	free := make(chan struct{})
	u := listen(t, overTLS(cert, func(c net.Conn) {
		_, _ = io.ReadFull(c, make([]byte, 10))
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		<-free
	})).url("https")
	t.Cleanup(func() { close(free) }) // before the peer is waited for
	tr := newTransport(t, Config{
		URL: u, HTTPVersion: OnlyHTTP11, TLS: TLSOptions{InsecureSkipVerify: true}, Method: "POST", BodySize: 64 << 20,
	})
	r := do(tr, patience)
	assert.Equal(t, 200, r.Status)
	tr.CloseIdle()
	tr.Wait()
	assert.Zero(t, tr.Open())
}

func TestTheFloodGaugeBoundsFramesPerTime(t *testing.T) {
	t.Parallel()
	var slow, fast floodGauge
	for i := range 10_000 {
		require.NoError(t, slow.spend(Instant(1).Add(time.Duration(i)*10*time.Millisecond)), "frame %d at 100 per second", i)
	}
	var err error
	frames := 0
	for ; err == nil && frames < 10_000; frames++ {
		err = fast.spend(Instant(1).Add(time.Duration(frames) * time.Second / 3000))
	}
	require.ErrorIs(t, err, errFlood, "at 3000 per second")
	assert.Less(t, frames, 2*floodBurst)
}
