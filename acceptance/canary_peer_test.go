package acceptance

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// newEcho is a server that repeats its input in as many places of its answers as possible. It answers each request with
// answer, one on each connection.
func newEcho(t *testing.T, seen *rig.Output, answer func(c net.Conn, q *http.Request, said string)) (address string) {
	t.Helper()
	return peers.Listen(t, func(c net.Conn) {
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
		answer(c, q, said)
	}).Address()
}

// respond writes an answer with said in each possible place.
func respond(c net.Conn, status, said, header string) {
	fmt.Fprintf(c, "HTTP/1.1 %s %s\r\nX-Echo: %[2]s\r\nSet-Cookie: a=%[2]s\r\nServer: %[2]s\r\nWWW-Authenticate: Basic realm=%[2]q\r\n"+
		"Proxy-Authenticate: Basic realm=%[2]q\r\nContent-Type: text/plain; x=%[2]q\r\n%[3]sContent-Length: %[4]d\r\nConnection: close\r\n\r\n%[2]s",
		status, said, header, len(said))
}

// answerHTTP misbehaves as the path says.
func answerHTTP(c net.Conn, q *http.Request, said string) {
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
	texts := map[string]string{
		"/garbage":        said,
		"/no-status":      "HTTP/1.1 " + said + "\r\n\r\n",
		"/header":         "HTTP/1.1 200 OK\r\nX-Echo: \x00" + said + "\r\n\r\n",
		"/header-name":    "HTTP/1.1 200 OK\r\n" + said + "\r\n\r\n",
		"/header-huge":    "HTTP/1.1 200 OK\r\nX-Echo: " + strings.Repeat(said, 1000) + "\r\n\r\n",
		"/length":         "HTTP/1.1 200 OK\r\nContent-Length: " + said + "\r\n\r\n",
		"/truncated":      "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + said,
		"/chunk":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + said + "\r\n",
		"/coding-unknown": "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + said + "\r\n\r\n",
		"/closed":         "",
	}
	path := q.URL.Path
	location, isRedirect := redirects[path]
	text, isText := texts[path]
	switch {
	case isRedirect:
		respond(c, "302", said, location)
	case isText:
		_, _ = io.WriteString(c, text)
	case path == "/coding":
		respond(c, "200", said, "Content-Encoding: gzip\r\n")
	case path == "/silent":
		peers.Silence(c)
	case path == "/late":
		<-time.After(20 * time.Millisecond)
		respond(c, "200", said, "")
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

// answerAlways is a server or a proxy with the same status for all requests.
func answerAlways(status string) func(net.Conn, *http.Request, string) {
	return func(c net.Conn, _ *http.Request, said string) { respond(c, status, said, "") }
}

// newEcho2 is an echo over HTTP/2 without TLS.
func newEcho2(t *testing.T, seen *rig.Output) (address string) {
	t.Helper()
	return peers.Listen(t, func(c net.Conn) {
		p := peers.NewH2(c)
		p.Decode()
		if !p.Greet() {
			return
		}
		for request := p.Heading(); request != nil; request = p.Heading() {
			answer2(p, seen, request)
		}
	}).Address()
}

// answer2 misbehaves as the path says, and repeats the whole request in its answer.
func answer2(p *peers.H2, seen *rig.Output, request *http2.MetaHeadersFrame) {
	var text strings.Builder
	for _, f := range request.Fields {
		fmt.Fprintf(&text, "/%s: %s", f.Name, f.Value)
	}
	said, stream := text.String(), request.StreamID
	_, _ = seen.Write([]byte(said))
	switch path, _, _ := strings.Cut(request.PseudoValue("path"), "?"); path {
	case "/goaway":
		_ = p.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte(said))
	case "/reset":
		_ = p.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
	case "/header":
		p.Headers(stream, false, ":status", "200", "X-Echo\x00"+said, said)
	case "/status":
		p.Headers(stream, false, ":status", said)
	case "/garbage":
		_, _ = io.WriteString(p.Conn, said)
	case "/truncated":
		p.Headers(stream, false, ":status", "200", "x-echo", said, "content-length", strconv.Itoa(100_000))
		p.Data(stream, true, said)
	default:
		p.Headers(stream, false, ":status", "503", "x-echo", said)
		p.Data(stream, true, said)
	}
}

// newEchoOfCalls is an echo over gRPC.
func newEchoOfCalls(t *testing.T, seen *rig.Output) (address string) {
	t.Helper()
	return peers.Listen(t, func(c net.Conn) {
		p := peers.NewH2(c)
		p.Decode()
		if !p.Greet() {
			return
		}
		for heading := p.Heading(); heading != nil; heading = p.Heading() {
			data, is := p.Until(http2.FrameData).(*http2.DataFrame)
			if !is {
				return
			}
			said := fmt.Sprintf("%v %q", heading.RegularFields(), data.Data())
			_, _ = seen.Write([]byte(said))
			answerCall(p, heading, said)
		}
	}).Address()
}

// answerCall misbehaves as the metadata say, and repeats the whole call in its answer.
func answerCall(p *peers.H2, heading *http2.MetaHeadersFrame, said string) {
	stream, do := heading.StreamID, ""
	for _, f := range heading.RegularFields() {
		if f.Name == "x-do" {
			do = f.Value
		}
	}
	const status, kind, call = "200", "content-type", "application/grpc"
	switch message := "\x08\x02\x12" + string(rune(min(len(said), 0x7f))) + said[:min(len(said), 0x7f)]; do {
	case "odd":
		p.Headers(stream, true, ":status", status, kind, call, "grpc-status", said)
	case "foreign":
		p.Headers(stream, true, ":status", status, kind, said, "x-echo", said)
	case "message":
		message = said
		fallthrough
	case "unexpected":
		p.Headers(stream, false, ":status", status, kind, call, "x-echo", said)
		p.Data(stream, false, string([]byte{0, 0, 0, byte(len(message) >> 8), byte(len(message))})+message)
		p.Headers(stream, true, "grpc-status", "0", "grpc-message", said)
	default:
		p.Headers(stream, true, ":status", status, kind, call, "grpc-status", "16", "grpc-message", said)
	}
}

// newSOCKS is a SOCKS5 proxy that asks for a password (RFC 1929) and accepts none.
func newSOCKS(t *testing.T, seen *rig.Output) (address string) {
	t.Helper()
	return peers.Listen(t, func(c net.Conn) {
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
	}).Address()
}

// newNames is a name server without any name.
func newNames(t *testing.T) (address string) {
	t.Helper()
	return peers.NameServer(t, peers.NoNames(dnsmessage.RCodeNameError))
}
