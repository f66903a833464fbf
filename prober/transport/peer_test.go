package transport

import (
	"context"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
)

// patience bounds whatever a test waits for; it is far above what is needed.
const patience = 2 * time.Minute

// peer is a TCP server that hands each connection to a script.
type peer struct {
	net.Listener
	mu       sync.Mutex
	accepted int
}

// listen serves each connection with script on a goroutine of its own until the
// test ends, when it waits for all of them.
func listen(t testing.TB, script func(net.Conn)) *peer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &peer{Listener: ln}
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
			_ = c.SetDeadline(time.Now().Add(patience))
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

func (p *peer) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

func (p *peer) url(scheme string) *url.URL {
	return &url.URL{Scheme: scheme, Host: p.Addr().String(), Path: "/"}
}

// readRequest consumes a request without a body. It allocates nothing.
func readRequest(c net.Conn, buf []byte) bool {
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

// answering returns a script that answers each request with raw.
func answering(raw string) func(net.Conn) {
	answer := []byte(raw)
	return func(c net.Conn) {
		buf := make([]byte, 4096)
		for readRequest(c, buf) {
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}
}

// answeringOnce returns a script that answers one request with raw and closes.
func answeringOnce(raw string) func(net.Conn) {
	return func(c net.Conn) {
		if readRequest(c, make([]byte, 4096)) {
			_, _ = c.Write([]byte(raw))
		}
	}
}

// newTransport completes cfg for tests and closes what is idle at their end.
func newTransport(t testing.TB, cfg Config) *Transport {
	t.Helper()
	if cfg.Method == "" {
		cfg.Method = "GET"
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = patience
	}
	if cfg.TLSTimeout == 0 {
		cfg.TLSTimeout = patience
	}
	tr, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		tr.CloseIdle()
		tr.Wait()
	})
	return tr
}

// do performs one request that is due now.
func do(tr *Transport, timeout time.Duration) *probe.Result {
	var r probe.Result
	now := probe.Now()
	r.Reset(now, now.Add(timeout))
	tr.Do(context.Background(), &r)
	return &r
}
