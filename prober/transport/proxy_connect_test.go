package transport

import (
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/prober/wire"
)

// granting returns a script of a proxy that answers CONNECT with text and is the target
// itself.
func granting(text string, target *tls.Config) func(net.Conn) {
	return func(c net.Conn) {
		if peers.ReadRequest(c, make([]byte, 4096)) {
			_, _ = io.WriteString(c, text)
			answeringTLS(target)(c)
		}
	}
}

func TestWhatFramesTheAnswerThatGrantsConnectIsIgnored(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	target := &tls.Config{Certificates: []tls.Certificate{certs.Issue(&ca)}}
	for _, fields := range []string{
		"Content-Length: 0\r\n",
		"Content-Length: 5\r\n",
		"Content-Length: x\r\n",
		"Content-Length: 5\r\n 6\r\n",
		"Content-Length: 5\r\nContent-Length: 6\r\n",
		"Content-Length: 99999999999999999999\r\n",
		"Transfer-Encoding: chunked\r\n",
		"Transfer-Encoding: gzip\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
	} {
		for _, start := range []string{"HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 299\r\n", earlyHints + "HTTP/1.1 200 OK\r\n"} {
			t.Run(start+fields, func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, granting(start+fields+"\r\n", target))
				tr := newTransport(t, Config{URL: p.URL("https"), Proxy: wire.ProxyOptions{URL: p.URL("http")}, TLS: wire.TLSOptions{CA: certs.PEM(ca)}})
				for range 2 {
					r := do(tr, patience)
					require.NoError(t, r.Err)
					assert.Equal(t, 200, r.HTTP.Status)
				}
				assert.Equal(t, 1, p.Connections())
			})
		}
	}
}

// The answers of the target behind the proxy, and a refusal of the proxy, are framed as
// ever.
func TestOnlyTheAnswerThatGrantsConnectHasNoFraming(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	cfg := &tls.Config{Certificates: []tls.Certificate{certs.Issue(&ca)}}
	p := peers.Listen(t, func(c net.Conn) {
		if peers.ReadRequest(c, make([]byte, 4096)) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
			s := tls.Server(c, cfg)
			defer s.Close()
			peers.Answering("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")(s)
		}
	})
	r := do(newTransport(t, Config{URL: p.URL("https"), Proxy: wire.ProxyOptions{URL: p.URL("http")}, TLS: wire.TLSOptions{CA: certs.PEM(ca)}}), patience)
	assert.Equal(t, errcode.HTTP1ContentLength, codeOf(r), "error: %v", r.Err)

	p = peers.Listen(t, peers.AnsweringOnce("HTTP/1.1 403 No\r\nContent-Length: x\r\n\r\n"))
	r = do(newTransport(t, Config{URL: p.URL("https"), Proxy: wire.ProxyOptions{URL: p.URL("http")}}), patience)
	assert.Equal(t, errcode.Proxy, codeOf(r), "error: %v", r.Err)
	assert.ErrorContains(t, r.Err, `malformed Content-Length "x"`)
}
