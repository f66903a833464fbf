package transport

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
)

// h2case is something a peer can do, and the result it must have.
type h2case struct {
	does string
	// open plays the peer from the start of the connection, play from the arrival of the
	// request on stream id. After that the peer answers all requests well.
	open     func(p *peers.H2)
	settings []http2.Setting
	warm     bool // there has been another request on the connection
	play     func(p *peers.H2, id uint32)
	cfg      func(*Config)
	timeout  time.Duration // of the request; 0 means that it must not matter

	code errcode.Code
	// resent means that the request is sent once more, on another connection.
	resent bool
	// closed means that the connection is not used again. told is what the peer is told
	// in RST_STREAM and GOAWAY.
	closed     bool
	sentValues string
}

func setting(id http2.SettingID, value uint32) []http2.Setting {
	return []http2.Setting{{ID: id, Val: value}}
}

// breaks is a peer that breaks a rule and loses its connection.
func breaks(does string, code http2.ErrCode, play func(p *peers.H2, id uint32)) h2case {
	return h2case{does: does, code: connectionOf(code), closed: true, sentValues: "GOAWAY " + code.String(), play: play}
}

// begins is breaks for a peer that breaks the rule from the start of the connection.
func begins(does string, code http2.ErrCode, open func(p *peers.H2)) h2case {
	return h2case{does: does, code: connectionOf(code), closed: true, sentValues: "GOAWAY " + code.String(), open: open}
}

// spoils is a peer that breaks a rule and loses its stream.
func spoils(does string, code http2.ErrCode, play func(p *peers.H2, id uint32)) h2case {
	return h2case{does: does, code: streamOf(code), sentValues: "RST_STREAM 1 " + code.String(), play: play}
}

// h2cases are all cases, by subject.
func h2cases() map[string][]h2case {
	return map[string][]h2case{
		"preface":            prefaceCases(),
		"settings":           settingsCases(),
		"frame layout":       layoutCases(),
		"window updates":     windowCases(),
		"header frames":      headerFrameCases(),
		"header compression": compressionCases(),
		"malformed headers":  malformedCases(),
		"headers":            headerCases(),
		"trailers":           trailerCases(),
		"content":            contentCases(),
		"resets":             resetCases(),
		"going away":         goAwayCases(),
		"ends":               endCases(),
		"floods":             floodCases(),
	}
}

func TestHTTP2Peer(t *testing.T) {
	for about, cases := range h2cases() {
		for _, tt := range cases {
			t.Run(about+"/"+tt.does, func(t *testing.T) {
				t.Parallel()
				tt.run(t)
			})
		}
	}
}

func (tt *h2case) run(t *testing.T) {
	t.Helper()
	played := newOnce()
	cfg := Config{HTTPVersion: option.H2C}
	if tt.cfg != nil {
		tt.cfg(&cfg)
	}
	p := peers.Listen(t, func(c net.Conn) {
		peer := peers.NewH2(c)
		peer.Bodiless = cfg.Method == http.MethodHead
		if !played.first() {
			peer.Greet()
			peer.Serve()
			return
		}
		defer func() { played.end(peer) }()
		if tt.open != nil {
			peer.Preface()
			tt.open(peer)
			peer.Serve()
			return
		}
		peer.Greet(tt.settings...)
		if tt.warm {
			peer.Answer(peer.Request())
		}
		tt.play(peer, peer.Request())
		peer.Serve()
	})
	cfg.URL = p.URL("http")
	tr := newTransport(t, cfg)
	if tt.warm {
		require.NoError(t, do(tr, patience).Err)
	}
	timeout := patience
	if tt.timeout > 0 {
		timeout = tt.timeout
	}
	r := do(tr, timeout)
	assert.Equal(t, tt.code, errcode.FromError(r.Err), "%v", r.Err)
	assert.Equal(t, tt.resent, r.HTTP.Resent, "sent once more")
	again := do(tr, patience)
	require.NoError(t, again.Err)
	assert.Equal(t, tt.closed && !tt.resent, again.Opened, "a new connection")
	assert.Equal(t, 1, tr.Open())
	tr.CloseIdle()
	assert.Zero(t, tr.Open())
	assert.Equal(t, tt.sentValues, strings.Join(played.wait(t).Told, ", "))
}

// once identifies the first connection of a test and waits for it.
type once struct {
	mu    sync.Mutex
	taken bool
	ended chan *peers.H2
}

func newOnce() *once { return &once{ended: make(chan *peers.H2, 1)} }

func (o *once) first() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := !o.taken
	o.taken = true
	return first
}

func (o *once) end(p *peers.H2) { o.ended <- p }

func (o *once) wait(t *testing.T) *peers.H2 {
	t.Helper()
	select {
	case p := <-o.ended:
		return p
	case <-time.After(patience):
		t.Fatal("the first connection does not end")
		return nil
	}
}

// A failure says what was wrong, on which stream, and who did it. The same block twice is
// a failure of its own stream.
func TestAMalformedHTTP2ResponseSaysWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	header := func(pairs ...string) func(*peers.H2, uint32) {
		return func(p *peers.H2, id uint32) { p.Headers(id, false, pairs...) }
	}
	trailers := func(pairs ...string) func(*peers.H2, uint32) {
		return func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "200")
			p.Headers(id, true, pairs...)
		}
	}
	protocol := streamOf(http2.ErrCodeProtocol)
	for name, tt := range map[string]struct {
		play func(p *peers.H2, id uint32)
		code errcode.Code
		text string
	}{
		"no status":               {header("server", "x"), protocol, "on stream 3 the server sent a header without a status"},
		"a name in capitals":      {header(":status", "200", "Server", "x"), protocol, `on stream 3 the server sent a field name that is not in lower case: "Server"`},
		"a line feed in a value":  {header(":status", "200", "set-cookie", "secret\n"), protocol, `on stream 3 the server sent a value with a control character, or with spaces at its ends: "set-cookie"`},
		"connection":              {header(":status", "200", "connection", "close"), protocol, `on stream 3 the server sent a field that only HTTP/1 uses: "connection"`},
		"the first of two faults": {header(":status", "200", "te\x00", "a", "Server", "x"), protocol, `on stream 3 the server sent a field name that is not in lower case: "te\x00"`},
		"a pseudo-header field":   {header(":status", "200", ":path", "/"), protocol, `on stream 3 the server sent a pseudo-header field that no response has: ":path"`},
		"two lengths":             {header(":status", "200", "content-length", "1", "content-length", "2"), protocol, `on stream 3 the server sent two lengths: "content-length"`},
		"status 101":              {header(":status", "101"), protocol, "on stream 3 the server sent status 101"},
		"content first":           {func(p *peers.H2, id uint32) { p.Data(id, true, "x") }, protocol, "on stream 3 the server sent content before the header"},
		"WINDOW_UPDATE of 0":      {func(p *peers.H2, id uint32) { _ = p.WriteWindowUpdate(id, 0) }, protocol, "on stream 3 the server sent a WINDOW_UPDATE of 0"},
		"a window too large":      {func(p *peers.H2, id uint32) { _ = p.WriteWindowUpdate(id, labLargestWindow) }, streamOf(http2.ErrCodeFlowControl), "on stream 3 the server sent a window above 2^31-1"},
		"a status in trailers":    {trailers(":status", "200"), errcode.Trailers, "malformed trailers: on stream 3 the server sent a pseudo-header field"},
		"a name in trailers":      {trailers("Etag", "x"), errcode.Trailers, `malformed trailers: on stream 3 the server sent a field name that is not in lower case: "Etag"`},
		"a reset":                 {func(p *peers.H2, id uint32) { _ = p.WriteRSTStream(id, http2.ErrCodeProtocol) }, protocol, "stream error: stream ID 3; PROTOCOL_ERROR; the server reset the stream"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, playing(func(p *peers.H2) {
				for id := p.Request(); id != 0; id = p.Request() {
					tt.play(p, id)
				}
			}))
			tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: option.H2C})
			require.Equal(t, tt.code, codeOf(do(tr, patience)))
			r := do(tr, patience)
			assert.Equal(t, tt.code, codeOf(r))
			assert.True(t, r.Reused)
			assert.ErrorContains(t, r.Err, tt.text)
		})
	}
}
