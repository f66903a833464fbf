package peers

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
)

// readSize is how much a script reads at once: a request, or the first flight of TLS.
const readSize = 1 << 16

// OKAnswer is a whole answer of HTTP/1. The connection serves again after it.
const OKAnswer = "HTTP/1.1 200 OK\r\nServer: peer\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

// Silence reads everything, and sends nothing until the client is gone.
func Silence(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// HangUp reads the first bytes of the request and closes in good order. The client sees an end and no reset.
func HangUp(c net.Conn) { _, _ = c.Read(make([]byte, readSize)) }

// Reset ends a connection with RST, whatever has come on it. It may be within TLS.
func Reset(c net.Conn) {
	if within, is := c.(interface{ NetConn() net.Conn }); is {
		c = within.NetConn()
	}
	if tcp, is := c.(interface{ SetLinger(seconds int) error }); is {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// ResetAfterRequest reads the first bytes of the request and ends the connection with RST.
func ResetAfterRequest(c net.Conn) {
	HangUp(c)
	Reset(c)
}

// EndWriting closes the direction to the client, and leaves the other direction open.
func EndWriting(c net.Conn) {
	if half, can := c.(interface{ CloseWrite() error }); can {
		_ = half.CloseWrite() // the client may be gone
	}
}

// Finish closes the direction to the client and reads on until the client has closed. A close with unread bytes would
// be a RST, and could overtake earlier bytes.
func Finish(c net.Conn) {
	EndWriting(c)
	Silence(c)
}

// Saying sends texts. It reads once before each of them, whatever comes.
func Saying(texts ...string) Script {
	return func(c net.Conn) {
		for _, text := range texts {
			HangUp(c)
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
}

// InTurn plays scripts on the same connection, one after the other.
func InTurn(scripts ...Script) Script {
	return func(c net.Conn) {
		for _, script := range scripts {
			script(c)
		}
	}
}

// ReadRequest reads a request of HTTP/1 without content, and reports whether one came. It reads into buf again and
// again, and allocates nothing.
func ReadRequest(c io.Reader, buf []byte) bool {
	const end = "\r\n\r\n"
	for matched := 0; matched < len(end); {
		n, err := c.Read(buf)
		if err != nil {
			return false
		}
		for _, b := range buf[:n] {
			if matched == len(end) {
				break // the rest is not of the request
			}
			switch b {
			case end[matched]:
				matched++
			case end[0]:
				matched = 1
			default:
				matched = 0
			}
		}
	}
	return true
}

// Answering answers each request of HTTP/1 with the same text. The requests have no content.
func Answering(text string) Script {
	answer := []byte(text)
	return func(c net.Conn) {
		buf := make([]byte, 4096)
		for ReadRequest(c, buf) {
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}
}

// AnsweringOnce answers one request of HTTP/1 and ends the connection. The request has no content.
func AnsweringOnce(text string) Script {
	return func(c net.Conn) {
		if ReadRequest(c, make([]byte, 4096)) {
			_, _ = io.WriteString(c, text)
		}
	}
}

// Endless begins an answer and goes on with the same part until the client is gone.
func Endless(begin, part string) Script {
	block := []byte(strings.Repeat(part, 1+readSize/len(part)))
	return func(c net.Conn) {
		if !ReadRequest(c, make([]byte, 4096)) {
			return
		}
		for _, err := io.WriteString(c, begin); err == nil; {
			_, err = c.Write(block)
		}
	}
}

// Within plays a script within TLS.
func Within(cfg *tls.Config, script Script) Script {
	return func(c net.Conn) {
		s := tls.Server(c, cfg)
		defer func() { _ = s.Close() }()
		if s.HandshakeContext(context.Background()) == nil { // the connection is closed at the end
			script(s)
		}
	}
}

// Showing is the configuration of a server with one certificate. The server speaks protocols if there are any.
func Showing(cert tls.Certificate, protocols ...string) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: protocols, MinVersion: tls.VersionTLS12}
}
