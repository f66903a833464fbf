package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
)

// h3case is something a server of HTTP/3 can do, and the result it must have.
type h3case struct {
	does string
	// open plays the server from the start of the connection, instead of a greeting; play
	// from the arrival of a request. After that the server answers all requests well.
	open func(p *peers.H3)
	play func(p *peers.H3, s *quic.Stream)
	cfg  func(*Config)

	code errcode.Code
	// resent means that the request is sent once more, on another connection.
	resent bool
	// closed is the error code of the prober when it closes the connection, 0 if it does
	// not; reset is the error code for the stream.
	closed, reset uint64
	text          string // of the failure
}

const ok = "\x01\x03\x00\x00\xd9" // HEADERS with status 200

// say sends text and ends the stream.
func say(text string) func(p *peers.H3, s *quic.Stream) {
	return func(_ *peers.H3, s *quic.Stream) {
		_, _ = io.WriteString(s, text)
		_ = s.Close()
	}
}

// control greets and then says text on the control stream.
func control(text string) func(p *peers.H3) {
	return func(p *peers.H3) {
		p.Greet()
		p.Control(text)
	}
}

// ignore leaves the request open.
func ignore(*peers.H3, *quic.Stream) {}

// breaksOn is a server that breaks a rule on its own streams. The connection ends for it.
func breaksOn(does string, code uint64, open func(p *peers.H3)) h3case {
	return h3case{does: does, code: errcode.FromH3Close(code), closed: code, open: open, play: ignore}
}

// breaksWith is a server that breaks a rule in a response. The connection ends for it.
func breaksWith(does string, code uint64, text string) h3case {
	return h3case{does: does, code: errcode.FromH3Close(code), closed: code, play: say(text)}
}

// spoilsWith is a server with a malformed response. The stream ends for it.
func spoilsWith(does string, code errcode.Code, reset uint64, response string) h3case {
	return h3case{does: does, code: code, reset: reset, play: func(_ *peers.H3, s *quic.Stream) {
		_, _ = io.WriteString(s, response) // and does not end the stream, so the prober gives it up
	}}
}

func unidirectional(text string) func(p *peers.H3) {
	return func(p *peers.H3) {
		p.Greet()
		p.Unidirectional(text)
	}
}

func endUnidirectional(p *peers.H3, text string) {
	if s := p.Unidirectional(text); s != nil {
		_ = s.Close()
	}
}

func h3streams() []h3case {
	return []h3case{
		breaksOn("no SETTINGS", 0x10a, func(p *peers.H3) { p.Control("\x00" + peers.Frame(0x7, "\x00")) }),
		breaksOn("SETTINGS twice", 0x105, control(peers.Frame(0x4, ""))),
		breaksOn("a setting twice", 0x109, func(p *peers.H3) { p.Control("\x00" + peers.Frame(0x4, "\x21\x01\x21\x02")) }),
		breaksOn("the setting 0", 0x109, func(p *peers.H3) { p.Control("\x00" + peers.Frame(0x4, "\x00\x01")) }),
		breaksOn("a setting of HTTP/2", 0x109, func(p *peers.H3) { p.Control("\x00" + peers.Frame(0x4, "\x03\x01")) }),
		breaksOn("malformed SETTINGS", 0x106, func(p *peers.H3) { p.Control("\x00" + peers.Frame(0x4, "\x21")) }),
		breaksOn("enormous SETTINGS", 0x107, func(p *peers.H3) { p.Control("\x00\x04\x80\x00\xff\xff") }),
		breaksOn("content on the control stream", 0x105, control(peers.Frame(0x0, "x"))),
		breaksOn("a frame of HTTP/2 on the control stream", 0x105, control(peers.Frame(0x6, ""))),
		breaksOn("a limit of pushes", 0x105, control(peers.Frame(0xd, "\x00"))),
		breaksOn("a push that is cancelled", 0x108, control(peers.Frame(0x3, "\x00"))),
		breaksOn("GOAWAY with an impossible stream", 0x108, control(peers.Frame(0x7, "\x02"))),
		breaksOn("GOAWAY without a stream", 0x106, control(peers.Frame(0x7, ""))),
		breaksOn("GOAWAY that is too long", 0x106, control(peers.Frame(0x7, "\x04\x00"))),
		breaksOn("a second GOAWAY for later streams", 0x108, control(peers.Frame(0x7, "\x04")+peers.Frame(0x7, "\x08"))),
		breaksOn("a second control stream", 0x103, unidirectional("\x00\x04\x00")),
		breaksOn("a push stream", 0x108, unidirectional("\x01\x00")),
		breaksOn("a control stream that ends", 0x104, func(p *peers.H3) { endUnidirectional(p, "\x00\x04\x00") }),
		breaksOn("an encoder stream that ends", 0x104, func(p *peers.H3) { endUnidirectional(p, "\x02") }),
		breaksOn("a decoder stream that ends", 0x104, func(p *peers.H3) { endUnidirectional(p, "\x03") }),
		{does: "an entry for the dynamic table", code: errcode.QPACK, closed: 0x201, play: ignore, open: unidirectional("\x02\x40\x01x")},
		{does: "an acknowledgement of the dynamic table", code: errcode.QPACK, closed: 0x202, play: ignore, open: unidirectional("\x03\x80")},
		breaksOn("streams of unknown kinds without end", 0x107, func(p *peers.H3) {
			p.Greet()
			for range 200 {
				endUnidirectional(p, "\x21x")
			}
		}),
		breaksOn("unknown frames on the control stream without end", 0x107, control(strings.Repeat(peers.Frame(0x21, "x"), 200))),
		{does: "streams and frames of unknown kinds, and a cancellation", play: func(p *peers.H3, s *quic.Stream) { p.Answer(s) }, open: func(p *peers.H3) {
			p.Greet()
			p.Control(peers.Frame(0x21, "grease") + peers.Frame(0xf0700, "x"))
			p.Unidirectional("\x21grease")
			p.Unidirectional("\x02\x20")
			p.Unidirectional("\x03\x44\x7f\x81\x01")
		}},
	}
}

func h3responses() []h3case {
	message := errcode.FromH3Stream(0x10e)
	return []h3case{
		breaksWith("content before the header", 0x105, peers.Content("x")),
		breaksWith("SETTINGS on the stream of a request", 0x105, peers.Frame(0x4, "")),
		breaksWith("a frame of HTTP/2", 0x105, peers.Frame(0x9, "")),
		breaksWith("content after the trailers", 0x105, ok+peers.Heading("x-a", "b")+peers.Content("x")),
		breaksWith("trailers twice", 0x105, ok+peers.Heading("x-a", "b")+peers.Heading("x-a", "b")),
		breaksWith("a promise to push", 0x108, ok+peers.Frame(0x5, "\x00\x00\x00")),
		breaksWith("a frame that is cut in its head", 0x106, ok+"\x00"),
		breaksWith("a header that is cut", 0x106, "\x01\x0a\x00\x00"),
		breaksWith("content that is cut", 0x106, ok+"\x00\x0aabc"),
		breaksWith("an unknown frame that is cut", 0x106, ok+"\x21\x0aabc"),
		{does: "an index beyond the static table", code: errcode.QPACK, closed: 0x200, play: say(peers.Frame(0x1, "\x00\x00\xff\x24"))},
		{does: "an index of a dynamic table", code: errcode.QPACK, closed: 0x200, play: say(peers.Frame(0x1, "\x00\x00\x80"))},
		{does: "a malformed string", code: errcode.QPACK, closed: 0x200, play: say(peers.Frame(0x1, "\x00\x00\x27\xff\x00"))},
		{does: "no response at all", code: message, reset: 0x10e, play: say("")},
		spoilsWith("no status", message, 0x10e, peers.Heading("x-a", "b")),
		spoilsWith("two statuses", message, 0x10e, peers.Heading(":status", "200", ":status", "200")),
		spoilsWith("a status after a field", message, 0x10e, peers.Heading("x-a", "b", ":status", "200")),
		spoilsWith("a status of two digits", message, 0x10e, peers.Heading(":status", "20")),
		spoilsWith("status 101", message, 0x10e, peers.Heading(":status", "101")),
		spoilsWith("status 600", errcode.HTTP1StatusRange, 0x10e, peers.Heading(":status", "600")),
		spoilsWith("a name in capitals", message, 0x10e, peers.Heading(":status", "200", "Server", "x")),
		spoilsWith("a field of HTTP/1", message, 0x10e, peers.Heading(":status", "200", "connection", "close")),
		spoilsWith("two lengths", message, 0x10e, peers.Heading(":status", "200", "content-length", "1", "content-length", "2")),
		spoilsWith("a pseudo-header field in trailers", errcode.Trailers, 0x10e, ok+peers.Heading(":status", "200")),
		spoilsWith("a header above 64 KiB", errcode.FromH3Stream(0x107), 0x107, peers.Heading(":status", "200", "x-a", strings.Repeat("~", 70<<10))),
		spoilsWith("a header that is said to be enormous", errcode.FromH3Stream(0x107), 0x107, "\x01\x80\x10\x00\x00"),
		spoilsWith("a short header with endless fields", errcode.FromH3Stream(0x107), 0x107, peers.Frame(0x1, "\x00\x00\xd9"+strings.Repeat("\xc4", 30<<10))),
		spoilsWith("informational responses without end", errcode.FromH3Stream(0x107), 0x107, strings.Repeat(peers.Heading(":status", "103"), 40)),
		spoilsWith("unknown frames without end", errcode.FromH3Stream(0x107), 0x107, strings.Repeat(peers.Frame(0x21, ""), 100)),
		spoilsWith("empty content without end", errcode.FromH3Stream(0x107), 0x107, ok+strings.Repeat(peers.Content(""), 100)),
		spoilsWith("more content than declared", errcode.BodyOverrun, 0x10e, peers.Heading(":status", "200", "content-length", "1")+peers.Content("abc")),
		spoilsWith("content after status 204", errcode.BodyOverrun, 0x10e, peers.Heading(":status", "204")+peers.Content("abc")),
		{does: "less content than declared", code: errcode.Truncated, reset: 0x10e, play: say(peers.Heading(":status", "200", "content-length", "9") + peers.Content("abc"))},
		{does: "a body above the limit", code: errcode.BodyLimit, reset: 0x10c, cfg: func(c *Config) { c.MaxBodyBytes = 8 }, play: func(_ *peers.H3, s *quic.Stream) {
			_, _ = io.WriteString(s, ok+peers.Content("abcdefghi"))
		}},
		{does: "a length above the limit", code: errcode.BodyLimit, reset: 0x10c, cfg: func(c *Config) { c.MaxBodyBytes = 8 }, play: func(_ *peers.H3, s *quic.Stream) {
			_, _ = io.WriteString(s, peers.Heading(":status", "200", "content-length", "9"))
		}},
		{does: "everything that a response may have", play: say(peers.Frame(0x21, "grease") + peers.Heading(":status", "103") + peers.Heading(":status", "200", "content-length", "6") +
			peers.Content("abc") + peers.Content("") + peers.Frame(0x40, "grease") + peers.Content("def") + peers.Heading("x-sum", "1") + peers.Frame(0x21, ""))},
		{does: "the answer has a length and no content, as to HEAD", play: say(peers.Heading(":status", "304", "content-length", "6"))},
	}
}

func h3ends() []h3case {
	return []h3case{
		{does: "GOAWAY that excludes the request", resent: true, play: func(p *peers.H3, _ *quic.Stream) { p.Control(peers.Frame(0x7, "\x00")) }},
		{does: "GOAWAY that includes the request", play: func(p *peers.H3, s *quic.Stream) {
			p.Control(peers.Frame(0x7, "\x04"))
			p.Answer(s)
		}},
		{does: "a rejected request", resent: true, play: func(_ *peers.H3, s *quic.Stream) { s.CancelWrite(0x10b) }},
		{does: "a rejection after the response has begun", code: errcode.FromH3Stream(0x10b), play: func(_ *peers.H3, s *quic.Stream) {
			_, _ = io.WriteString(s, ok+peers.Content(strings.Repeat("x", 1<<20))) // more than a client takes without reading
			s.CancelWrite(0x10b)
		}},
		{does: "a close that says why", code: errcode.FromH3Close(0x102), text: `"it \"broke\""`, play: func(p *peers.H3, _ *quic.Stream) {
			_ = p.CloseWithError(0x102, `it "broke"`)
		}},
		{does: "an answer before the request has come whole", cfg: func(c *Config) { c.Method, c.BodySize = "POST", 4<<20 }, play: say(ok + peers.Content("enough"))},
		{does: "an answer, and that no more of the request is wanted", cfg: func(c *Config) { c.Method, c.BodySize = "POST", 4<<20 }, play: func(p *peers.H3, s *quic.Stream) {
			s.CancelRead(0x100)
			p.Answer(s)
		}},
	}
}

func TestHTTP3Peer(t *testing.T) {
	t.Parallel()
	for about, cases := range map[string][]h3case{"streams": h3streams(), "responses": h3responses(), "ends": h3ends()} {
		for _, tt := range cases {
			t.Run(about+"/"+tt.does, func(t *testing.T) {
				t.Parallel()
				tt.run(t)
			})
		}
	}
}

// heard is what a server was told at the end of its part.
type heard struct{ closed, reset uint64 }

func (tt *h3case) run(t *testing.T) {
	t.Helper()
	played, sentValues := newOnce(), make(chan heard, 1)
	server := peers.ListenQUIC(t, peers.Settings{}, func(p *peers.H3) {
		if !played.first() {
			p.Greet()
			p.Serve()
			return
		}
		if tt.open != nil {
			tt.open(p)
		} else {
			p.Greet()
		}
		s := p.Request()
		if s == nil {
			<-p.Context().Done()
			sentValues <- heard{closed: codeOfClose(p.Context())}
			return
		}
		tt.play(p, s)
		var h heard
		if tt.closed != 0 {
			<-p.Context().Done()
			h.closed = codeOfClose(p.Context())
		} else if tt.reset != 0 {
			<-s.Context().Done() // the client wants no more
			h.reset = codeOfStop(s.Context())
		}
		sentValues <- h
		p.Serve()
	})
	cfg := Config{URL: server.URL(), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{CA: server.CA()}}
	if tt.cfg != nil {
		tt.cfg(&cfg)
	}
	tr := newTransport(t, cfg)
	r := do(tr, patience)
	assert.Equal(t, tt.code, codeOf(r), "%v", r.Err)
	assert.Equal(t, tt.resent, r.HTTP.Resent)
	if tt.text != "" {
		assert.ErrorContains(t, r.Err, tt.text)
	}
	h := <-sentValues
	assert.Equal(t, fmt.Sprintf("%#x", tt.closed), fmt.Sprintf("%#x", h.closed))
	if tt.reset != 0 && !slices.Contains([]string{"no response at all", "less content than declared"}, tt.does) {
		assert.Equal(t, fmt.Sprintf("%#x", tt.reset), fmt.Sprintf("%#x", h.reset))
	}
	after := do(tr, patience)
	require.NoError(t, after.Err, "the request after")
	assert.Equal(t, tt.closed == 0 && after.Reused, after.Reused)
}

func codeOfClose(ctx context.Context) uint64 {
	if e, ok := errors.AsType[*quic.ApplicationError](context.Cause(ctx)); ok && e.Remote {
		return uint64(e.ErrorCode)
	}
	return 0
}

func codeOfStop(ctx context.Context) uint64 {
	if e, ok := errors.AsType[*quic.StreamError](context.Cause(ctx)); ok {
		return uint64(e.ErrorCode)
	}
	return 0
}
