package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// sizes answers with as many bytes as the query says, and with an error if the content
// was not as the query says.
func sizes(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil || r.URL.Query().Get("sent") != strconv.FormatInt(n, 10) {
		http.Error(w, "not what was announced", http.StatusBadRequest)
		return
	}
	size, err := strconv.Atoi(r.URL.Query().Get("size"))
	if err != nil {
		http.Error(w, "no size", http.StatusBadRequest)
		return
	}
	for chunk := make([]byte, 32<<10); size > 0; size -= len(chunk) {
		if _, err := w.Write(chunk[:min(size, len(chunk))]); err != nil {
			return
		}
	}
}

func quiet(s *http.Server) {
	s.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
}

// serveXNet starts the server of x/net/http2. It allows few streams and has small
// windows.
func serveXNet(t testing.TB, h http.HandlerFunc) *url.URL {
	t.Helper()
	s := &http2.Server{MaxConcurrentStreams: 5, MaxUploadBufferPerStream: 64 << 10, MaxUploadBufferPerConnection: 128 << 10}
	base := new(http.Server)
	quiet(base)
	p := peers.Listen(t, func(c net.Conn) {
		s.ServeConn(c, &http2.ServeConnOpts{Handler: h, BaseConfig: base})
	})
	return p.URL("http")
}

// forEach runs work on as many goroutines as there are workers and waits for them.
func forEach(workers int, work func(worker int)) {
	var running sync.WaitGroup
	for i := range workers {
		running.Go(func() { work(i) })
	}
	running.Wait()
}

func TestHTTP2CarriesContentBothWays(t *testing.T) {
	servers := map[string]struct {
		start   func(t testing.TB) *url.URL
		version option.HTTPVersion
	}{
		"net/http over TLS": {func(t testing.TB) *url.URL { return serve(t, peers.HTTP2, sizes) }, option.OnlyHTTP2},
		"net/http":          {func(t testing.TB) *url.URL { return serve(t, peers.H2C, sizes) }, option.H2C},
		"x/net":             {func(t testing.TB) *url.URL { return serveXNet(t, sizes) }, option.H2C},
	}
	for name, server := range servers {
		for _, size := range []int64{0, 1, 1 << 10, labMaxFrame, 5 << 20} {
			t.Run(fmt.Sprintf("%s, %d bytes", name, size), func(t *testing.T) {
				u := server.start(t)
				u.RawQuery = fmt.Sprintf("sent=%d&size=%d", size, size)
				tr := newTransport(t, Config{
					URL: u, HTTPVersion: server.version, TLS: option.TLS{InsecureSkipVerify: true},
					Method: "POST", BodySize: size, MaxBodyBytes: size + 1,
				})
				forEach(4, func(int) {
					for range 2 {
						r := do(tr, patience)
						assert.NoError(t, r.Err)
						assert.Equal(t, 200, r.HTTP.Status)
						assert.Equal(t, probe.HTTP2, r.HTTP.Version)
						assert.Greater(t, r.Sent, size)
						assert.Greater(t, r.Received, size)
					}
				})
				tr.CloseIdle()
				assert.Zero(t, tr.Open())
			})
		}
	}
}

func TestALPNChoosesTheVersion(t *testing.T) {
	var served atomic.Int32
	count := func(http.ResponseWriter, *http.Request) { served.Add(1) }
	for name, tt := range map[string]struct {
		wanted  option.HTTPVersion
		offered peers.Wire
		code    errcode.Code
		version probe.Version
	}{
		"auto with HTTP/2":             {wanted: option.AutoHTTP, offered: peers.HTTP2, version: probe.HTTP2},
		"auto without HTTP/2":          {wanted: option.AutoHTTP, offered: peers.HTTP1TLS, version: probe.HTTP11},
		"only HTTP/1.1 with HTTP/2":    {wanted: option.OnlyHTTP11, offered: peers.HTTP2, version: probe.HTTP11},
		"only HTTP/1.1 without HTTP/2": {wanted: option.OnlyHTTP11, offered: peers.HTTP1TLS, version: probe.HTTP11},
		"only HTTP/2 with HTTP/2":      {wanted: option.OnlyHTTP2, offered: peers.HTTP2, version: probe.HTTP2},
		"only HTTP/2 without HTTP/2":   {wanted: option.OnlyHTTP2, offered: peers.HTTP1TLS, code: errcode.TLSALPN},
	} {
		t.Run(name, func(t *testing.T) {
			served.Store(0)
			tr := newTransport(t, Config{
				URL: serve(t, tt.offered, count), HTTPVersion: tt.wanted, TLS: option.TLS{InsecureSkipVerify: true},
			})
			forEach(20, func(int) {
				for range 3 {
					r := do(tr, patience)
					assert.Equal(t, tt.code, errcode.FromError(r.Err), "%v", r.Err)
					assert.Equal(t, tt.version, r.HTTP.Version)
				}
			})
			if tt.code != errcode.OK {
				assert.Zero(t, served.Load())
				assert.Zero(t, tr.Open())
				return
			}
			assert.EqualValues(t, 60, served.Load())
			assert.Positive(t, tr.Open())
		})
	}
}

func TestServerThatChangesItsMindByALPN(t *testing.T) {
	cert := certs.Issue(nil)
	var multiplexed atomic.Bool
	script := func(c net.Conn) {
		protocols := []string{alpnHTTP11}
		if multiplexed.Load() {
			protocols = []string{alpnHTTP2}
		}
		secured := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: protocols})
		if secured.Handshake() != nil {
			return
		}
		if secured.ConnectionState().NegotiatedProtocol == alpnHTTP2 {
			fastPeer(t)(secured)
			return
		}
		peers.Answering(peers.OKAnswer)(secured)
	}
	tr := newTransport(t, Config{URL: peers.Listen(t, script).URL("https"), TLS: option.TLS{InsecureSkipVerify: true}})
	for _, want := range []probe.Version{probe.HTTP11, probe.HTTP2, probe.HTTP11, probe.HTTP2} {
		multiplexed.Store(want == probe.HTTP2)
		tr.CloseIdle()
		forEach(5, func(int) {
			r := do(tr, patience)
			assert.NoError(t, r.Err)
			assert.Equal(t, want, r.HTTP.Version)
			assertPhasesAddUp(t, r)
		})
	}
}

func TestHTTP2NeedsTLS12(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	p := peers.Listen(t, func(c net.Conn) {
		secured := tls.Server(c, &tls.Config{
			Certificates: []tls.Certificate{cert}, NextProtos: []string{alpnHTTP2}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
		})
		_ = secured.Handshake()
		peers.Silence(secured)
	})
	tr := newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}})
	r := do(tr, patience)
	assert.Equal(t, connectionOf(http2.ErrCodeInadequateSecurity), errcode.FromError(r.Err), "%v", r.Err)
	assert.Zero(t, tr.Open())
}

func TestVersionsThatCannotBeSpoken(t *testing.T) {
	t.Parallel()
	plain, secured := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, &url.URL{Scheme: "https", Host: "127.0.0.1:1"}
	for name, cfg := range map[string]Config{
		"HTTP/2 without TLS":        {URL: plain, HTTPVersion: option.OnlyHTTP2},
		"h2c with TLS":              {URL: secured, HTTPVersion: option.H2C},
		"h2c through an HTTP proxy": {URL: plain, HTTPVersion: option.H2C, Proxy: wire.ProxyOptions{URL: plain}},
	} {
		_, err := New(cfg)
		assert.Error(t, err, name)
	}
}

// A server is replaced during a burst. It answers the requests it has taken. Each request
// it has not taken is counted once, under its own failure.
func TestGracefulRestartsAreCountedExactly(t *testing.T) {
	var handled atomic.Int64
	first, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := first.Addr().String()
	serve := func(ln net.Listener) *http.Server {
		s := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { handled.Add(1) })}
		quiet(s)
		s.Protocols.SetUnencryptedHTTP2(true)
		go func() { _ = s.Serve(ln) }()
		return s
	}
	server := serve(first)
	tr := newTransport(t, Config{URL: &url.URL{Scheme: "http", Host: address, Path: "/"}, HTTPVersion: option.H2C})
	var sent, ok, refused atomic.Int64
	done, progress := make(chan struct{}), make(chan struct{}, 1)
	go func() {
		defer close(done)
		for range 3 {
			for range 200 {
				<-progress
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			_ = server.Shutdown(ctx)
			cancel()
			ln, err := net.Listen("tcp", address)
			if !assert.NoError(t, err) {
				return
			}
			server = serve(ln)
		}
	}()
	running := func() bool {
		select {
		case <-done:
			return false
		default:
			return true
		}
	}
	forEach(16, func(int) {
		for running() {
			sent.Add(1)
			r := do(tr, patience)
			switch code := errcode.FromError(r.Err); code {
			case errcode.OK:
				ok.Add(1)
				select {
				case progress <- struct{}{}:
				default:
				}
			case goAwayOf(http2.ErrCodeNo), errcode.Refused, errcode.Reset, errcode.Closed:
				refused.Add(1)
			default:
				assert.Fail(t, "unexpected", "%v: %v", code, r.Err)
			}
		}
	})
	assert.Equal(t, sent.Load(), ok.Load()+refused.Load())
	assert.Equal(t, handled.Load(), ok.Load())
	tr.CloseIdle()
	require.NoError(t, server.Close())
}

func TestHTTP2RequestWithALongHeaderArrives(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("~", 40<<10)
	u := serve(t, peers.H2C, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Long") != long || r.Host != "other.test" || r.ContentLength != 0 {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	tr := newTransport(t, Config{
		URL: u, HTTPVersion: option.H2C, Method: "POST", Host: "other.test", Header: message.Fields("X-Long", long),
	})
	for range 3 {
		r := do(tr, patience)
		require.NoError(t, r.Err)
		assert.Equal(t, 200, r.HTTP.Status)
	}
}
