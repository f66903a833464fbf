package transport

import (
	"crypto/tls"
	"net"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// dataSizes reads DATA frames until it has n bytes or the stream ends, and returns
// the sizes of the frames.
func dataSizes(p *peers.H2, n int) (sizes []int) {
	for have := 0; have < n; {
		f, ok := p.Until(http2.FrameData).(*http2.DataFrame)
		if !ok {
			return sizes
		}
		have += len(f.Data())
		sizes = append(sizes, len(f.Data()))
		if f.StreamEnded() {
			return sizes
		}
	}
	return sizes
}

func TestHTTP2KeepsToTheWindows(t *testing.T) {
	t.Parallel()
	const size = 1000
	var got [][]int
	p := peers.Listen(t, playing(func(p *peers.H2) {
		id := p.Request()
		got = append(got, dataSizes(p, 100))
		_ = p.WriteSettings(setting(http2.SettingInitialWindowSize, 0)...) // the window is now -100
		_ = p.WriteWindowUpdate(id, 100)                                   // 0
		_ = p.WriteWindowUpdate(id, 1)
		got = append(got, dataSizes(p, 1))
		_ = p.WriteWindowUpdate(id, 49)
		got = append(got, dataSizes(p, 49))
		_ = p.WriteSettings(setting(http2.SettingInitialWindowSize, 1<<20)...)
		got = append(got, dataSizes(p, size))
		p.Answer(id)
		p.Serve()
	}, setting(http2.SettingInitialWindowSize, 100)...))
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C, Method: "POST", BodySize: size})
	require.NoError(t, do(tr, patience).Err)
	assert.Equal(t, [][]int{{100}, {1}, {49}, {850}}, got)
}

func TestHTTP2KeepsToTheWindowOfTheConnectionAndTheFrameSize(t *testing.T) {
	t.Parallel()
	const size = 200 << 10
	var before, after []int
	p := peers.Listen(t, playing(func(p *peers.H2) {
		id := p.Request()
		before = dataSizes(p, labWindow)
		_ = p.WriteSettings(setting(http2.SettingMaxFrameSize, 1<<15)...)
		for p.Acks < 2 && p.Until(http2.FrameSettings) != nil { // one acknowledgement is for the first
		}
		_ = p.WriteWindowUpdate(0, size)
		after = dataSizes(p, size)
		p.Answer(id)
		p.Serve()
	}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}))
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C, Method: "POST", BodySize: size})
	require.NoError(t, do(tr, patience).Err)
	assert.Equal(t, labWindow, sum(before))
	assert.Equal(t, size-labWindow, sum(after))
	for _, n := range before {
		assert.LessOrEqual(t, n, labMaxFrame)
	}
	for _, n := range after {
		assert.LessOrEqual(t, n, 1<<15)
	}
}

func sum(all []int) (total int) {
	for _, n := range all {
		total += n
	}
	return total
}

func TestHTTP2PeerThatSendsBeyondTheWindowOfAStreamGivenUp(t *testing.T) {
	t.Parallel()
	played := newOnce()
	p := peers.Listen(t, playing(func(p *peers.H2) {
		if !played.first() {
			p.Serve()
			return
		}
		defer func() { played.end(p) }()
		id := p.Request()
		_ = p.Until(http2.FrameRSTStream)
		_ = p.Request()
		content := string(make([]byte, labMaxFrame))
		for range labStreamWindow/labMaxFrame + 1 {
			p.Data(id, false, content)
		}
		p.Ignore()
	}))
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C})
	assert.Equal(t, errcode.RequestTimeout, errcode.FromError(do(tr, amply).Err))
	assert.Equal(t, connectionOf(http2.ErrCodeFlowControl), errcode.FromError(do(tr, patience).Err))
	assert.Equal(t, []string{"RST_STREAM 1 CANCEL", "GOAWAY FLOW_CONTROL_ERROR"}, played.wait(t).Told)
}

// A worker may run out of time in the middle of a frame. The rest of the frame is written
// when the peer reads again.
func TestHTTP2PeerThatDoesNotReadForAWhile(t *testing.T) {
	t.Parallel()
	const size = 32 << 20 // more than the buffers of the system take
	cert := certs.Issue(nil)
	for name, cfg := range map[string]Config{
		"in clear text": {HTTPVersion: option.H2C},
		"with TLS":      {HTTPVersion: option.OnlyHTTP2, TLS: option.TLS{InsecureSkipVerify: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goOn := make(chan struct{})
			p := peers.Listen(t, func(c net.Conn) {
				if cfg.HTTPVersion == option.OnlyHTTP2 {
					secured := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{alpnHTTP2}})
					defer secured.Close()
					c = secured
				}
				p := peers.NewH2(c)
				p.Greet()
				p.Open()
				_ = p.Request()
				<-goOn
				p.Serve()
			})
			cfg.Method, cfg.BodySize = "POST", size
			cfg.URL = p.URL("http")
			if cfg.HTTPVersion == option.OnlyHTTP2 {
				cfg.URL.Scheme = "https"
			}
			tr := newTransport(t, cfg)
			patient := make(chan *probe.Result)
			r := do(tr, amply)
			assert.Equal(t, errcode.RequestTimeout, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseSend, r.FailedIn())
			go func() { patient <- do(tr, patience) }()
			eventually(t, func() bool { return inFlight(tr) == 1 })
			assert.Equal(t, errcode.RequestTimeout, errcode.FromError(do(tr, amply).Err))
			close(goOn)
			assert.NoError(t, (<-patient).Err)
			assert.Equal(t, 1, p.Connections())
			tr.CloseIdle()
			assert.Zero(t, tr.Open())
		})
	}
}

func TestHTTP2PeerThatResetsAConnectionWhichIsWrittenTo(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, func(c net.Conn) {
		p := peers.NewH2(c)
		p.Greet()
		p.Open()
		_ = p.Until(http2.FrameData)
		peers.Reset(c)
	})
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C, Method: "POST", BodySize: 16 << 20})
	r := do(tr, patience)
	// The system decides who finds out, the reader or the writer.
	assert.Contains(t, []errcode.Code{errcode.Reset, errcode.HTTP2Closed}, errcode.FromError(r.Err), "%v", r.Err)
	assert.Zero(t, tr.Open())
}

func TestHTTP2AbortReachesAWorkerThatWrites(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	p := peers.Listen(t, playing(func(p *peers.H2) {
		p.Open()
		_ = p.Request()
		<-read
	}))
	t.Cleanup(func() { close(read) })
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C, Method: "POST", BodySize: 1 << 30})
	done := make(chan *probe.Result)
	go func() { done <- do(tr, patience) }()
	eventually(t, func() bool { return inFlight(tr) == 1 })
	tr.Abort()
	assert.Equal(t, errcode.Cancelled, errcode.FromError((<-done).Err))
	assert.Zero(t, tr.Open())
}

// A connection without any answer is not used until the operating system gives it up.
func TestHTTP2SilentPeerIsAskedByPing(t *testing.T) {
	t.Parallel()
	played := newOnce()
	p := peers.Listen(t, playing(func(p *peers.H2) {
		if !played.first() {
			p.Serve()
			return
		}
		for { // without an answer to PING
			if _, err := p.ReadFrame(); err != nil {
				return
			}
		}
	}))
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C, Dial: option.Dial{ConnectTimeout: 2 * amply}})
	assert.Equal(t, errcode.RequestTimeout, errcode.FromError(do(tr, amply).Err))
	assert.Equal(t, 1, tr.Open())
	assert.Equal(t, errcode.HTTP2Ping, errcode.FromError(do(tr, patience).Err))
	r := do(tr, patience)
	assert.NoError(t, r.Err)
	assert.True(t, r.Opened)
}

func TestHTTP2PhasesAndBytes(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	p := peers.Listen(t, func(c net.Conn) {
		<-hold
		p := peers.NewH2(c)
		p.Greet()
		p.Serve()
	})
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C, Method: "POST", Body: []byte("0123456789")})
	results := make(chan *probe.Result, 3)
	for range cap(results) {
		go func() { results <- do(tr, patience) }()
	}
	eventually(t, waiting(tr, 2))
	close(hold)
	var opened int
	for range cap(results) {
		r := <-results
		require.NoError(t, r.Err)
		assertPhasesAddUp(t, r)
		for _, phase := range []errcode.Phase{errcode.PhaseQueue, errcode.PhaseSend, errcode.PhaseProcessing, errcode.PhaseTransfer} {
			_, ok := r.Phase(phase)
			assert.True(t, ok, phase)
		}
		_, connected := r.Phase(errcode.PhaseConnect)
		assert.Equal(t, r.Opened, connected)
		assert.NotEqual(t, r.Opened, r.Reused)
		if r.Opened {
			opened++
		}
		assert.Equal(t, p.Addr().String(), r.Remote.String())
	}
	assert.Equal(t, 1, opened)

	r := do(tr, patience)
	data := int64(labFrameHeader + len("0123456789"))
	assert.Equal(t, int64(len(tr.requests[0].call.http2.Later))+data, r.Sent)
	// The header is in the peer's table by now: three indexed fields.
	assert.Equal(t, int64(labFrameHeader+2+labFrameHeader+len("hello")), r.Received)
}

// Uploads share the window of their connection. Each takes as much as it can before the next: to divide the window would
// end all of them late.
func TestHTTP2SendsTheOldestContentFirst(t *testing.T) {
	t.Parallel()
	const size, uploads = 50_000, 3
	var order []uint32
	p := peers.Listen(t, playing(func(p *peers.H2) {
		ids := make([]uint32, 0, uploads)
		for arrived := 0; arrived < uploads*size; {
			switch f := p.Next().(type) {
			case *http2.HeadersFrame:
				if ids = append(ids, f.StreamID); len(ids) == uploads {
					_ = p.WriteWindowUpdate(0, 1)
				}
			case *http2.DataFrame:
				arrived += len(f.Data())
				order = append(order, f.StreamID)
				if arrived > labWindow {
					_ = p.WriteWindowUpdate(0, 7_000)
				}
			case nil:
				return
			}
		}
		for _, id := range ids {
			p.Answer(id)
		}
		p.Serve()
	}))
	tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C, Method: "POST", BodySize: size})
	done := make(chan *probe.Result)
	for range uploads {
		go func() { done <- do(tr, patience) }()
	}
	for range uploads {
		r := <-done
		require.NoError(t, r.Err)
		assert.Greater(t, r.Sent, int64(size))
	}
	assert.True(t, slices.IsSorted(order), "%v", order)
}
