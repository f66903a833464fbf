package lab

import (
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience bounds whatever a test waits for; it is far above what is needed.
const Patience = 2 * time.Minute

// Peer is a TCP server that hands each connection to a script.
type Peer struct {
	net.Listener
	mu       sync.Mutex
	accepted int
}

// Listen serves each connection with script on a goroutine of its own until the
// test ends, when it waits for all of them.
func Listen(t testing.TB, script func(net.Conn)) *Peer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &Peer{Listener: ln}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.accepted++
			p.mu.Unlock()
			_ = c.SetDeadline(time.Now().Add(Patience))
			serving.Go(func() {
				defer c.Close()
				script(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		serving.Wait()
	})
	return p
}

func (p *Peer) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

func (p *Peer) URL(scheme string) *url.URL {
	return &url.URL{Scheme: scheme, Host: p.Addr().String(), Path: "/"}
}

// ReadRequest consumes a request without a body. It allocates nothing.
func ReadRequest(c net.Conn, buf []byte) bool {
	matched := 0
	const end = "\r\n\r\n"
	for matched < len(end) {
		n, err := c.Read(buf)
		if err != nil {
			return false
		}
		for _, b := range buf[:n] {
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

// Answering returns a script that answers each request with raw.
func Answering(raw string) func(net.Conn) {
	answer := []byte(raw)
	return func(c net.Conn) {
		buf := make([]byte, 4096)
		for ReadRequest(c, buf) {
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}
}

// AnsweringOnce returns a script that answers one request with raw and closes.
func AnsweringOnce(raw string) func(net.Conn) {
	return func(c net.Conn) {
		if ReadRequest(c, make([]byte, 4096)) {
			_, _ = c.Write([]byte(raw))
		}
	}
}
