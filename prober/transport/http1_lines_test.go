package transport

import (
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/wire"
)

// badStarts are incomplete answers with a mistake already in them, each with the text of
// its failure.
var badStarts = map[string]struct {
	text string
	code errcode.Code
	says string
}{
	"another protocol":                   {"SSH-2.0", errcode.HTTP1StatusLine, `malformed status line "S`},
	"a status that is no number":         {"HTTP/1.1 20X OK\r\n", errcode.HTTP1StatusLine, `malformed status line "HTTP/1.1 20X OK"`},
	"a control character in the reason":  {"HTTP/1.1 200 a\x00b\r\n", errcode.HTTP1StatusLine, `malformed status line "HTTP/1.1 200 a\x00b"`},
	"a header swallowed by a bare CR":    {"HTTP/1.1 200 OK\rX: a\r\n", errcode.HTTP1StatusLine, `malformed status line "HTTP/1.1 200 OK\rX: a"`},
	"HTTP/3.0":                           {"HTTP/3.0 200\r\n", errcode.HTTP1Version, `other than 1.0 and 1.1: "HTTP/3.0"`},
	"a status of 999":                    {"HTTP/1.1 999 Odd\r\n", errcode.HTTP1StatusRange, "outside 100-599: 999"},
	"a line without a colon":             {"HTTP/1.1 200 OK\r\nnonsense\r\n", errcode.HTTP1Header, `malformed header line "nonsense"`},
	"a long line without a colon":        {"HTTP/1.1 200 OK\r\n" + strings.Repeat("n", 5000) + "\r\n", errcode.HTTP1Header, `malformed header line "` + strings.Repeat("n", 48) + `"...`},
	"such a line after good ones":        {"HTTP/1.1 200 OK\r\nA: b\r\nC:\r\n d\r\nnonsense\r\n", errcode.HTTP1Header, `malformed header line "nonsense"`},
	"a space before the colon":           {"HTTP/1.1 200 OK\nA : b\n", errcode.HTTP1Header, `malformed header line "A : b"`},
	"a first line that continues none":   {"HTTP/1.1 200 OK\r\n A: b\r\n", errcode.HTTP1Header, `malformed header line " A: b"`},
	"a bare CR in a value":               {"HTTP/1.1 200 OK\r\nSet-Cookie: secret\rX: b\r\n", errcode.HTTP1Header, `a control character in the header field "Set-Cookie"`},
	"NUL in a line that continues one":   {"HTTP/1.1 200 OK\r\nA: b\r\n c\x00\r\n", errcode.HTTP1Header, `malformed header line " c\x00"`},
	"a length that is not a number":      {"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n", errcode.HTTP1ContentLength, `malformed Content-Length "5x"`},
	"a length that goes on":              {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n 6\r\n", errcode.HTTP1ContentLength, "malformed Content-Length"},
	"two lengths":                        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 05\r\n", errcode.HTTP1ContentLength, `Content-Length is both 5 and "05"`},
	"a transfer coding that nobody has":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n", errcode.HTTP1TransferEncoding, `unsupported Transfer-Encoding "gzip"`},
	"a transfer coding that goes on":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\tx\r\n", errcode.HTTP1TransferEncoding, "unsupported Transfer-Encoding"},
	"chunked and a length":               {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", errcode.HTTP1TransferEncoding, "both Transfer-Encoding and Content-Length"},
	"a chunk's size that is no number":   {chunkedStart + "5g\r\n", errcode.HTTP1Chunk, `malformed chunk size "5g"`},
	"a chunk's size with a bare CR":      {chunkedStart + "5\r5\r\n", errcode.HTTP1Chunk, `malformed chunk size "5\r5"`},
	"a chunk extension without a name":   {chunkedStart + "5;\r\n", errcode.HTTP1Chunk, `malformed chunk extension "5;"`},
	"a chunk longer than it says":        {chunkedStart + "2\r\nokay", errcode.HTTP1Chunk, "no CRLF after the content of a chunk"},
	"a chunk that ends with LF":          {chunkedStart + "2\r\nok\n", errcode.HTTP1Chunk, "no CRLF after the content of a chunk"},
	"a trailer without a colon":          {chunkedStart + "0\r\nA: b\r\nnonsense\r\n", errcode.Trailers, `malformed trailer line "nonsense"`},
	"a bare CR in a trailer":             {chunkedStart + "0\r\nA: b\rC: d\r\n", errcode.Trailers, `a control character in the trailer "A"`},
	"another protocol, after hints":      {earlyHints + "SSH-2.0", errcode.HTTP1StatusLine, `malformed status line "S`},
	"a line without a colon, in hints":   {"HTTP/1.1 103 Early Hints\r\nnonsense\r\n", errcode.HTTP1Header, `malformed header line "nonsense"`},
	"a line without a colon, after them": {earlyHints + "HTTP/1.1 200 OK\r\nnonsense\r\n", errcode.HTTP1Header, `malformed header line "nonsense"`},
}

const (
	earlyHints   = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	chunkedStart = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
)

// keepingOpen returns a script that answers one request after another and then waits for
// the client to go. It sends the last answer in single bytes if inBytes is set.
func keepingOpen(inBytes bool, answers ...string) func(net.Conn) {
	return func(c net.Conn) {
		buf := make([]byte, 4096)
		for i, text := range answers {
			if !peers.ReadRequest(c, buf) {
				return
			}
			size := len(text)
			if inBytes && i == len(answers)-1 {
				size = 1
			}
			for ; text != ""; text = text[min(size, len(text)):] {
				if _, err := io.WriteString(c, text[:size]); err != nil {
					return
				}
			}
		}
		peers.Silence(c)
	}
}

// A bad answer on an open connection is a failure of its own, not one of time. Otherwise
// each of these requests would take the whole patience.
func TestABadLineIsJudgedWhenItHasCome(t *testing.T) {
	t.Parallel()
	for name, bad := range badStarts {
		for _, inBytes := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, keepingOpen(inBytes, bad.text))
				r := do(newTransport(t, Config{URL: p.URL("http")}), patience)
				assert.Equal(t, bad.code, codeOf(r), "error: %v", r.Err)
				assert.ErrorContains(t, r.Err, bad.says)
			})
			t.Run(name+" on a reused connection", func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, keepingOpen(inBytes, peers.OKAnswer, peers.OKAnswer, bad.text))
				tr := newTransport(t, Config{URL: p.URL("http")})
				require.NoError(t, do(tr, patience).Err)
				require.NoError(t, do(tr, patience).Err)
				r := do(tr, patience)
				assert.Equal(t, bad.code, codeOf(r), "error: %v", r.Err)
				assert.True(t, r.Reused)
			})
			t.Run(name+" after a redirect", func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, keepingOpen(inBytes, "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n", bad.text))
				r := do(newTransport(t, Config{URL: p.URL("http"), FollowRedirects: 1}), patience)
				assert.Equal(t, bad.code, codeOf(r), "error: %v", r.Err)
			})
		}
	}
}

func TestABadLineOfAProxyIsJudgedWhenItHasCome(t *testing.T) {
	t.Parallel()
	for name, bad := range badStarts {
		if strings.HasPrefix(bad.text, "HTTP/1.1 200 OK") && bad.code != errcode.HTTP1Header {
			continue // the answer to CONNECT has no content
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, keepingOpen(false, bad.text))
			r := do(newTransport(t, Config{
				URL:   &url.URL{Scheme: "https", Host: "host.test", Path: "/"},
				Proxy: wire.ProxyOptions{URL: p.URL("http")},
			}), patience)
			assert.Equal(t, errcode.Proxy, codeOf(r), "error: %v", r.Err)
			assert.ErrorContains(t, r.Err, bad.says)
		})
	}
}
