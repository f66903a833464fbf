package transport

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/prober/errcode"
)

// h2peer is the server's side of one HTTP/2 connection, played by a test. Writes
// to a client that is gone fail; that is for the client's side to notice.
type h2peer struct {
	net.Conn
	*http2.Framer
	encoder  *hpack.Encoder
	block    bytes.Buffer
	told     []string // RST_STREAM and GOAWAY frames of the client
	acks     int      // SETTINGS that it has acknowledged
	bodiless bool     // it answers to HEAD
}

func newH2peer(c net.Conn) *h2peer {
	p := &h2peer{Conn: c, Framer: http2.NewFramer(c, c)}
	p.AllowIllegalWrites, p.AllowIllegalReads = true, true
	p.encoder = hpack.NewEncoder(&p.block)
	return p
}

// preface reads the first bytes of the client.
func (p *h2peer) preface() { _, _ = io.ReadFull(p.Conn, make([]byte, len(http2.ClientPreface))) }

// greet exchanges the prefaces.
func (p *h2peer) greet(settings ...http2.Setting) {
	p.preface()
	_ = p.WriteSettings(settings...)
}

// open makes the client's windows so large that it need not care about them.
func (p *h2peer) open() {
	_ = p.WriteSettings(setting(http2.SettingInitialWindowSize, maxWindow)...)
	_ = p.WriteWindowUpdate(0, maxWindow-defaultWindow)
}

// next returns the client's next frame, nil when there is no more.
func (p *h2peer) next() http2.Frame {
	frame, err := p.ReadFrame()
	if err != nil {
		return nil
	}
	switch f := frame.(type) {
	case *http2.RSTStreamFrame:
		p.told = append(p.told, fmt.Sprintf("RST_STREAM %d %s", f.StreamID, f.ErrCode))
	case *http2.GoAwayFrame:
		if f.ErrCode != http2.ErrCodeNo { // with which idle connections are closed
			p.told = append(p.told, "GOAWAY "+f.ErrCode.String())
		}
	case *http2.SettingsFrame:
		if f.IsAck() {
			p.acks++
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			_ = p.WritePing(true, f.Data)
		}
	}
	return frame
}

// request returns the stream of the next request, 0 when there is no more.
func (p *h2peer) request() uint32 {
	for f := p.next(); f != nil; f = p.next() {
		if f.Header().Type == http2.FrameHeaders {
			return f.Header().StreamID
		}
	}
	return 0
}

// until reads up to the client's next frame of a type, and returns nil when there
// is none.
func (p *h2peer) until(kind http2.FrameType) http2.Frame {
	for f := p.next(); f != nil; f = p.next() {
		if f.Header().Type == kind {
			return f
		}
	}
	return nil
}

// ignore reads what comes and answers no request.
func (p *h2peer) ignore() {
	for p.next() != nil { // which does what there is to do
	}
}

// serve answers all requests well, once they are complete.
func (p *h2peer) serve() {
	for f := p.next(); f != nil; f = p.next() {
		h := f.Header()
		if h.Type <= http2.FrameHeaders && h.Flags.Has(http2.FlagHeadersEndStream) {
			p.answer(h.StreamID)
		}
	}
}

func (p *h2peer) answer(id uint32) {
	p.headers(id, p.bodiless, ":status", "200", "x-answer", "well")
	if !p.bodiless {
		p.data(id, true, "hello")
	}
}

// headers writes a header block with pairs of names and values.
func (p *h2peer) headers(id uint32, end bool, pairs ...string) {
	_ = p.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: p.fields(pairs...), EndStream: end, EndHeaders: true,
	})
}

func (p *h2peer) fields(pairs ...string) []byte {
	p.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = p.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return p.block.Bytes()
}

// headerBlock writes a header block as it is.
func (p *h2peer) headerBlock(id uint32, end bool, block string) {
	_ = p.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: []byte(block), EndStream: end, EndHeaders: true,
	})
}

func (p *h2peer) data(id uint32, end bool, content string) {
	_ = p.WriteData(id, end, []byte(content))
}

// frame writes a frame as it is.
func (p *h2peer) frame(kind http2.FrameType, flags http2.Flags, id uint32, payload string) {
	_ = p.WriteRawFrame(kind, flags, id, []byte(payload))
}

// h2case is one thing that a peer can do, and what must come of it.
type h2case struct {
	does string
	// open plays the peer from the start of the connection; play from where the
	// request on stream id has arrived. After that the peer answers all requests
	// well.
	open     func(p *h2peer)
	settings []http2.Setting
	warm     bool // there has been another request on the connection
	play     func(p *h2peer, id uint32)
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
	p := listen(t, func(c net.Conn) {
		peer := newH2peer(c)
		peer.bodiless = cfg.Method == http.MethodHead
		if !played.first() {
			peer.greet()
			peer.serve()
			return
		}
		defer func() { played.end(peer) }()
		if tt.open != nil {
			peer.preface()
			tt.open(peer)
			peer.serve()
			return
		}
		peer.greet(tt.settings...)
		if tt.warm {
			peer.answer(peer.request())
		}
		tt.play(peer, peer.request())
		peer.serve()
	})
	cfg.URL = p.url("http")
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
	assert.Equal(t, tt.told, strings.Join(played.wait(t).told, ", "))
}

// once lets the first connection of a test be told from the others, and be waited
// for.
type once struct {
	mu    sync.Mutex
	taken bool
	ended chan *h2peer
}

func newOnce() *once { return &once{ended: make(chan *h2peer, 1)} }

func (o *once) first() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := !o.taken
	o.taken = true
	return first
}

func (o *once) end(p *h2peer) { o.ended <- p }

func (o *once) wait(t *testing.T) *h2peer {
	t.Helper()
	select {
	case p := <-o.ended:
		return p
	case <-time.After(patience):
		t.Fatal("the first connection does not end")
		return nil
	}
}
