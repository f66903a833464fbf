package acceptance

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/prober/internal/rig"
)

// echo is a server that says back whatever it was sent, in as many places of its
// answers as there are, and fails in the way that the path asks for.
type echo struct {
	address string
	seen    *rig.Output
	ended   chan struct{}
	conns   sync.WaitGroup
}

// listenAndServe calls serve with each connection.
func (e *echo) listenAndServe(t *testing.T, serve func(c net.Conn)) *echo {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	e.address, e.ended = l.Addr().String(), make(chan struct{})
	e.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			e.conns.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		close(e.ended)
		require.NoError(t, l.Close())
		e.conns.Wait()
	})
	return e
}

// newEcho answers each request with answer, one on each connection.
func newEcho(t *testing.T, seen *rig.Output, answer func(e *echo, c net.Conn, q *http.Request, said string)) *echo {
	t.Helper()
	e := &echo{seen: seen}
	return e.listenAndServe(t, func(c net.Conn) {
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		q, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		said := fmt.Sprintf("%s %s %v %s", q.Method, q.RequestURI, q.Header, body)
		_, _ = seen.Write([]byte(said))
		answer(e, c, q, said)
	})
}

// respond writes an answer that holds said wherever something can be held.
func respond(c net.Conn, status, said, header string) {
	fmt.Fprintf(c, "HTTP/1.1 %s %s\r\nX-Echo: %[2]s\r\nSet-Cookie: a=%[2]s\r\nServer: %[2]s\r\nWWW-Authenticate: Basic realm=%[2]q\r\n"+
		"Proxy-Authenticate: Basic realm=%[2]q\r\nContent-Type: text/plain; x=%[2]q\r\n%[3]sContent-Length: %[4]d\r\nConnection: close\r\n\r\n%[2]s",
		status, said, header, len(said))
}

// answerHTTP misbehaves as the path says.
func answerHTTP(e *echo, c net.Conn, q *http.Request, said string) {
	query := strings.TrimPrefix(q.URL.RawQuery, "q=")
	redirects := map[string]string{
		"/redirect-none":     "",
		"/redirect-invalid":  "Location: http://user:" + said + "@[bad%zz/" + said + "\r\n",
		"/redirect-scheme":   "Location: ftp://127.0.0.1/" + query + "?" + query + "\r\n",
		"/redirect-userinfo": "Location: http://" + query + ":" + query + "@127.0.0.1:1/" + query + "\r\n",
		"/redirect-loop":     "Location: /redirect-loop?" + query + "\r\n",
		"/redirect-denied":   "Location: http://169.254.169.254/" + query + "?" + query + "\r\n",
		"/redirect-refused":  "Location: http://127.0.0.1:1/" + query + "?" + query + "\r\n",
		"/redirect-nowhere":  "Location: http://" + query + ".invalid/\r\n",
	}
	path := q.URL.Path
	location, isRedirect := redirects[path]
	switch {
	case isRedirect:
		respond(c, "302", said, location)
	case path == "/garbage":
		fmt.Fprint(c, said)
	case path == "/no-status":
		fmt.Fprintf(c, "HTTP/1.1 %s\r\n\r\n", said)
	case path == "/header":
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Echo: \x00%s\r\n\r\n", said)
	case path == "/header-name":
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", said)
	case path == "/header-huge":
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Echo: %s\r\n\r\n", strings.Repeat(said, 1000))
	case path == "/length":
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n", said)
	case path == "/truncated":
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n%s", said)
	case path == "/chunk":
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n", said)
	case path == "/coding":
		respond(c, "200", said, "Content-Encoding: gzip\r\n")
	case path == "/coding-unknown":
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n", said)
	case path == "/silent":
		<-e.ended
	case path == "/late":
		select {
		case <-time.After(20 * time.Millisecond):
		case <-e.ended:
		}
		respond(c, "200", said, "")
	case path == "/closed":
	case path == "/token-error":
		word := strings.Map(func(r rune) rune {
			if r <= ' ' || r > '~' || r == '"' || r == '\\' {
				return '-'
			}
			return r
		}, q.Header.Get("Authorization")+said)
		respond(c, "400", `{"error":"`+word+`"}`, "Content-Type: application/json\r\n")
	case strings.HasPrefix(path, "/status/"):
		respond(c, strings.TrimPrefix(path, "/status/"), said, "")
	default:
		respond(c, "200", said, "")
	}
}

// answerAlways is a server, or a proxy, that answers everything with one status.
func answerAlways(status string) func(*echo, net.Conn, *http.Request, string) {
	return func(_ *echo, c net.Conn, _ *http.Request, said string) { respond(c, status, said, "") }
}

// newEcho2 is an echo that speaks HTTP/2 without TLS.
func newEcho2(t *testing.T, seen *rig.Output) *echo {
	t.Helper()
	e := &echo{seen: seen}
	return e.listenAndServe(t, func(c net.Conn) {
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		if _, err := io.CopyN(io.Discard, c, int64(len(http2.ClientPreface))); err != nil {
			return
		}
		framer := http2.NewFramer(c, c)
		framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		if framer.WriteSettings() != nil {
			return
		}
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			if request, ok := frame.(*http2.MetaHeadersFrame); ok {
				e.answer2(c, framer, request)
			}
		}
	})
}

// answer2 misbehaves as the path says, with all that was sent in its answer.
func (e *echo) answer2(c net.Conn, framer *http2.Framer, request *http2.MetaHeadersFrame) {
	var said strings.Builder
	for _, f := range request.Fields {
		fmt.Fprintf(&said, "/%s: %s", f.Name, f.Value)
	}
	_, _ = e.seen.Write([]byte(said.String()))
	respond := func(pairs ...string) {
		var block bytes.Buffer
		encoder := hpack.NewEncoder(&block)
		for pair := range slices.Chunk(pairs, 2) {
			_ = encoder.WriteField(hpack.HeaderField{Name: pair[0], Value: pair[1]})
		}
		_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: request.StreamID, BlockFragment: block.Bytes(), EndHeaders: true})
	}
	switch path, _, _ := strings.Cut(request.PseudoValue("path"), "?"); path {
	case "/goaway":
		_ = framer.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte(said.String()))
	case "/reset":
		_ = framer.WriteRSTStream(request.StreamID, http2.ErrCodeRefusedStream)
	case "/header":
		respond(":status", "200", "X-Echo\x00"+said.String(), said.String())
	case "/status":
		respond(":status", said.String())
	case "/garbage":
		_, _ = io.WriteString(c, said.String())
	case "/truncated":
		respond(":status", "200", "x-echo", said.String(), "content-length", strconv.Itoa(100_000))
		_ = framer.WriteData(request.StreamID, true, []byte(said.String()))
	default:
		respond(":status", "503", "x-echo", said.String())
		_ = framer.WriteData(request.StreamID, true, []byte(said.String()))
	}
}

// newSOCKS is a SOCKS5 proxy that wants a password and is content with none: RFC 1929.
func newSOCKS(t *testing.T, seen *rig.Output) *echo {
	t.Helper()
	e := &echo{seen: seen}
	return e.listenAndServe(t, func(c net.Conn) {
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		buffer := make([]byte, 600)
		if _, err := c.Read(buffer); err != nil {
			return
		}
		_, _ = c.Write([]byte{5, 2})
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		_, _ = seen.Write(buffer[:n])
		_, _ = c.Write(append([]byte{1, 1}, buffer[:n]...))
	})
}

// newNames is a name server that knows no name.
func newNames(t *testing.T) (address string) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		query := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(query)
			if err != nil {
				return
			}
			query[2], query[3] = query[2]|0x80, 3 // an answer: NXDOMAIN
			_, _ = c.WriteTo(query[:n], from)
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, c.Close())
		<-ended
	})
	return c.LocalAddr().String()
}
