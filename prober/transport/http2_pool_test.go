package transport

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
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
)

// eventually waits until another goroutine makes condition true.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, time.Millisecond)
}

func waiting(tr *Transport, n int) func() bool {
	return func() bool { return tr.h2.State().Waiting == n }
}

func TestHTTP2OpensAsManyConnectionsAsAreNeeded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		allowed uint32
		cfg     Config
		workers int
		want    int
	}{
		"one for what the server allows":    {allowed: 10, workers: 10, want: 1},
		"more than the server allows":       {allowed: 10, workers: 35, want: 4},
		"one stream at a time":              {allowed: 1, workers: 5, want: 5},
		"more than the configuration wants": {allowed: 2, cfg: Config{StreamsPerConnection: 2}, workers: 6, want: 3},
		"one request on each":               {allowed: 1, cfg: Config{RequestsPerConnection: 1}, workers: 5, want: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var arrived, opened atomic.Int32
			all := make(chan struct{})
			free := sync.OnceFunc(func() { close(all) })
			p := peers.Listen(t, playing(func(p *peers.H2) {
				ids := make(chan uint32, tt.workers)
				var answering sync.WaitGroup
				answering.Go(func() {
					<-all
					for id := range ids {
						p.Answer(id)
					}
				})
				for id := p.Request(); id != 0; id = p.Request() {
					ids <- id
					if arrived.Add(1) == int32(tt.workers) {
						free()
					}
				}
				close(ids)
				answering.Wait()
			}, setting(http2.SettingMaxConcurrentStreams, tt.allowed)...))
			t.Cleanup(free)
			cfg := tt.cfg
			cfg.URL, cfg.HTTPVersion = p.URL("http"), option.H2C
			tr := newTransport(t, cfg)
			forEach(tt.workers, func(int) {
				r := do(tr, patience)
				assert.NoError(t, r.Err)
				assert.NotEqual(t, r.Opened, r.Reused)
				if r.Opened {
					opened.Add(1)
				}
			})
			assert.EqualValues(t, tt.want, opened.Load())
			assert.Equal(t, tt.want, p.Connections())
		})
	}
}

func TestHTTP2RequestsPerConnection(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, fastPeer(t))
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C, RequestsPerConnection: 3})
	for i := range 10 {
		r := do(tr, patience)
		require.NoError(t, r.Err)
		require.Equal(t, i%3 == 0, r.Opened)
	}
	assert.Equal(t, 4, p.Connections())
	eventually(t, func() bool { return tr.Open() == 1 })
}

func TestHTTP2ServerThatAllowsNoStream(t *testing.T) {
	t.Parallel()
	raise := make(chan struct{})
	p := peers.Listen(t, playing(func(p *peers.H2) {
		<-raise
		_ = p.WriteSettings(setting(http2.SettingMaxConcurrentStreams, 1)...)
		p.Serve()
	}, setting(http2.SettingMaxConcurrentStreams, 0)...))
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C})
	for range 2 {
		r := do(tr, amply)
		assert.Equal(t, errcode.HTTP2NoStream, errcode.FromError(r.Err), "%v", r.Err)
		assert.Equal(t, errcode.PhaseQueue, r.FailedIn())
	}
	done := make(chan *probe.Result)
	go func() { done <- do(tr, patience) }()
	eventually(t, waiting(tr, 1))
	close(raise)
	r := <-done
	assert.NoError(t, r.Err)
	assert.Equal(t, 1, p.Connections(), "another connection would be a way around the limit")
}

func TestHTTP2RequestDoesNotDialAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(p *peers.H2)
		code errcode.Code
	}{
		"when the server closes":    {func(p *peers.H2) { peers.EndWriting(p.Conn) }, errcode.HTTP2Closed},
		"when the server goes away": {func(p *peers.H2) { _ = p.WriteGoAway(0, http2.ErrCodeInternal, nil) }, goAwayOf(http2.ErrCodeInternal)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, playing(func(p *peers.H2) {
				_ = p.Until(http2.FrameSettings) // the acknowledgement: the setting is in force
				tt.end(p)
				p.Ignore()
			}, setting(http2.SettingMaxConcurrentStreams, 0)...))
			tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C})
			forEach(4, func(int) {
				r := do(tr, patience)
				assert.Equal(t, tt.code, errcode.FromError(r.Err), "%v", r.Err)
				assert.Equal(t, errcode.PhaseQueue, r.FailedIn())
				assert.True(t, r.Opened)
			})
			assert.Equal(t, 4, p.Connections())
		})
	}
}

func TestHTTP2FailureToDialIsThatOfAllWhoWaited(t *testing.T) {
	t.Parallel()
	const workers = 20
	hangUp := make(chan struct{})
	p := peers.Listen(t, func(net.Conn) { <-hangUp })
	tr := newTransport(t, Config{URL: p.URL("https"), HTTPVersion: option.OnlyHTTP2})
	go func() {
		defer close(hangUp)
		assert.Eventually(t, waiting(tr, workers-1), patience, time.Millisecond)
	}()
	var dialled atomic.Int32
	forEach(workers, func(int) {
		r := do(tr, patience)
		assert.Equal(t, errcode.TLSClosed, errcode.FromError(r.Err), "%v", r.Err)
		assert.Equal(t, errcode.PhaseTLS, r.FailedIn())
		if _, ok := r.Phase(errcode.PhaseTLS); ok {
			dialled.Add(1)
		}
	})
	assert.EqualValues(t, 1, dialled.Load())
	assert.Equal(t, 1, p.Connections())
}

func TestHTTP2WorkerThatHasNoTimeLeftDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	var first atomic.Bool
	p := peers.Listen(t, func(c net.Conn) {
		if first.CompareAndSwap(false, true) {
			peers.Silence(c)
			return
		}
		fastPeer(t)(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{alpnHTTP2}}))
	})
	tr := newTransport(t, Config{URL: p.URL("https"), HTTPVersion: option.OnlyHTTP2, TLS: option.TLS{InsecureSkipVerify: true}})
	hasty := make(chan *probe.Result)
	go func() { hasty <- do(tr, amply) }()
	eventually(t, first.Load)
	forEach(10, func(int) { assert.NoError(t, do(tr, patience).Err) })
	assert.Equal(t, errcode.TLSTimeout, errcode.FromError((<-hasty).Err))
	assert.Equal(t, 2, p.Connections())
}

func TestHTTP2CloseIdleSparesConnectionsInUse(t *testing.T) {
	t.Parallel()
	arrived, free := make(chan struct{}), make(chan struct{})
	p := peers.Listen(t, playing(func(p *peers.H2) {
		id := p.Request()
		close(arrived)
		<-free
		p.Answer(id)
		p.Serve()
	}))
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C})
	done := make(chan *probe.Result)
	go func() { done <- do(tr, patience) }()
	<-arrived
	tr.CloseIdle()
	assert.Equal(t, 1, tr.Open())
	close(free)
	assert.NoError(t, (<-done).Err)
	tr.CloseIdle()
	assert.Zero(t, tr.Open())
}

func TestHTTP2AbortEndsEverything(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		script func(net.Conn)
		cfg    Config
		// underWay reports whether all requests have come to where they stay.
		underWay func(tr *Transport) bool
	}{
		"requests in flight": {
			script:   playing((*peers.H2).Ignore),
			underWay: func(tr *Transport) bool { return inFlight(tr) == 5 },
		},
		"requests that wait for a stream": {
			script: playing(func(p *peers.H2) {
				p.Ignore()
			}, setting(http2.SettingMaxConcurrentStreams, 0)...),
			underWay: func(tr *Transport) bool { return tr.h2.State().Waiting == 5 },
		},
		"requests that wait for SETTINGS": {
			script:   peers.Silence,
			underWay: func(tr *Transport) bool { return tr.h2.State().Waiting == 4 },
		},
		"content that nobody takes": {
			script:   playing((*peers.H2).Ignore),
			cfg:      Config{Method: "POST", BodySize: 1 << 20},
			underWay: func(tr *Transport) bool { return inFlight(tr) == 5 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := tt.cfg
			cfg.URL, cfg.HTTPVersion = peers.Listen(t, tt.script).URL("http"), option.H2C
			tr := newTransport(t, cfg)
			ctx, cancel := context.WithCancel(t.Context())
			failed := make(chan *probe.Result)
			for range 5 {
				go func() {
					var r probe.Result
					again(ctx, tr, &r, patience)
					failed <- &r
				}()
			}
			eventually(t, func() bool { return tt.underWay(tr) })
			cancel()
			tr.Abort()
			for range 5 {
				assert.Equal(t, errcode.Cancelled, errcode.FromError((<-failed).Err))
			}
			assert.Zero(t, tr.Open())
			assert.Equal(t, errcode.Cancelled, errcode.FromError(do(tr, patience).Err))
		})
	}
}

func inFlight(tr *Transport) int { return tr.h2.State().Streams }

func TestRefusedStreamsAreNoFlood(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, playing(func(p *peers.H2) {
		slow := p.Request()
		for id := p.Request(); id != 0; id = p.Request() {
			_ = p.WriteRSTStream(id, http2.ErrCodeRefusedStream)
			if id == slow+2*5*labFloodBurst {
				p.Answer(slow)
			}
		}
	}))
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C})
	slow := make(chan *probe.Result)
	go func() { slow <- do(tr, patience) }()
	eventually(t, func() bool { return inFlight(tr) == 1 })
	for range 5 * labFloodBurst {
		require.Equal(t, streamOf(http2.ErrCodeRefusedStream), errcode.FromError(do(tr, patience).Err))
	}
	require.NoError(t, (<-slow).Err)
	assert.Equal(t, 1, p.Connections())
}

// The connection stood, whatever became of the first frames on it.
func TestAFailureOfThePrefaceIsOneOnAnOpenedConnection(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	silence := peers.Silence
	for name, cfg := range map[string]Config{
		"a peer that speaks HTTP/1":  {URL: peers.Listen(t, func(c net.Conn) { _, _ = io.WriteString(c, peers.OKAnswer); silence(c) }).URL("http"), HTTPVersion: option.H2C},
		"a peer that closes":         {URL: peers.Listen(t, func(net.Conn) {}).URL("http"), HTTPVersion: option.H2C},
		"a peer that says no frames": {URL: peers.Listen(t, silence).URL("http"), HTTPVersion: option.H2C, Dial: option.Dial{ConnectTimeout: briefly}},
		"a peer that has no h2":      {URL: peers.Listen(t, peers.Within(peers.Showing(cert), silence)).URL("https"), HTTPVersion: option.OnlyHTTP2, TLS: option.TLS{InsecureSkipVerify: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := do(newTransport(t, cfg), patience)
			assert.Error(t, r.Err)
			assert.True(t, r.Opened)
			assert.False(t, r.Reused)
		})
	}
}
