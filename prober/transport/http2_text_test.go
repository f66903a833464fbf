package transport

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

// A failure says what was wrong, on which stream, and who did it: the same block twice is
// a failure of the stream that it is on.
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
		"a name in capitals":      {header(":status", "200", "Server", "x"), protocol, `on stream 3 the server sent a field name that is not of small letters: "Server"`},
		"a line feed in a value":  {header(":status", "200", "set-cookie", "secret\n"), protocol, `on stream 3 the server sent a value with a control character, or with blanks at its ends: "set-cookie"`},
		"connection":              {header(":status", "200", "connection", "close"), protocol, `on stream 3 the server sent a field that HTTP/2 has no use for: "connection"`},
		"the first of two faults": {header(":status", "200", "te\x00", "a", "Server", "x"), protocol, `on stream 3 the server sent a field name that is not of small letters: "te\x00"`},
		"a pseudo-header field":   {header(":status", "200", ":path", "/"), protocol, `on stream 3 the server sent a pseudo-header field that no response has: ":path"`},
		"two lengths":             {header(":status", "200", "content-length", "1", "content-length", "2"), protocol, `on stream 3 the server sent two lengths: "content-length"`},
		"status 101":              {header(":status", "101"), protocol, "on stream 3 the server sent status 101"},
		"content first":           {func(p *peers.H2, id uint32) { p.Data(id, true, "x") }, protocol, "on stream 3 the server sent content before the header"},
		"WINDOW_UPDATE of 0":      {func(p *peers.H2, id uint32) { _ = p.WriteWindowUpdate(id, 0) }, protocol, "on stream 3 the server sent a WINDOW_UPDATE of 0"},
		"a window too large":      {func(p *peers.H2, id uint32) { _ = p.WriteWindowUpdate(id, labLargestWindow) }, streamOf(http2.ErrCodeFlowControl), "on stream 3 the server sent a window above 2^31-1"},
		"a status in trailers":    {trailers(":status", "200"), errcode.Trailers, "malformed trailers: on stream 3 the server sent a pseudo-header field"},
		"a name in trailers":      {trailers("Etag", "x"), errcode.Trailers, `malformed trailers: on stream 3 the server sent a field name that is not of small letters: "Etag"`},
		"a reset":                 {func(p *peers.H2, id uint32) { _ = p.WriteRSTStream(id, http2.ErrCodeProtocol) }, protocol, "stream error: stream ID 3; PROTOCOL_ERROR; the server reset the stream"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, playing(func(p *peers.H2) {
				for id := p.Request(); id != 0; id = p.Request() {
					tt.play(p, id)
				}
			}))
			tr := newTransport(t, Config{URL: p.URL("http"), HTTPVersion: H2C})
			require.Equal(t, tt.code, codeOf(do(tr, patience)))
			r := do(tr, patience)
			assert.Equal(t, tt.code, codeOf(r))
			assert.True(t, r.Reused)
			assert.ErrorContains(t, r.Err, tt.text)
		})
	}
}
