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
)

// h2case is one thing that a peer can do, and what must come of it.
type h2case struct {
	does string
	// open plays the peer from the start of the connection; play from where the
	// request on stream id has arrived. After that the peer answers all requests
	// well.
	open     func(p *peers.H2)
	settings []http2.Setting
	warm     bool // there has been another request on the connection
	play     func(p *peers.H2, id uint32)
	cfg      func(*Config)
	timeout  time.Duration // of the request; 0 means that it must not matter

	code errcode.Code
	// resent means that the request is sent once more, on another connection.
	resent bool
	// closed tells that the connection is not used again, told what the peer is
	// told in RST_STREAM and GOAWAY.
	closed bool
	told   string
}

func setting(id http2.SettingID, value uint32) []http2.Setting {
	return []http2.Setting{{ID: id, Val: value}}
}

// h2cases are all cases, by what they are about.
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
	cfg := Config{HTTPVersion: H2C}
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
	assert.Equal(t, tt.told, strings.Join(played.wait(t).Told, ", "))
}

// once lets the first connection of a test be told from the others, and be waited
// for.
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
