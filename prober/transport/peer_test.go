package transport

import (
	"context"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
)

// patience bounds whatever a test waits for; it is far above what is needed.
const patience = 2 * time.Minute

// peer is a TCP server that hands each connection to a script.
type peer struct{ *peers.Peer }

// listen serves each connection with script until the test ends.
func listen(t testing.TB, script peers.Script) *peer {
	t.Helper()
	return &peer{peers.Listen(t, script)}
}

func (p *peer) connections() int { return p.Connections() }

func (p *peer) url(scheme string) *url.URL { return p.URL(scheme) }

// readRequest consumes a request without a body. It allocates nothing.
func readRequest(c net.Conn, buf []byte) bool { return peers.ReadRequest(c, buf) }

// answering returns a script that answers each request with raw, and answeringOnce one
// that answers one request and closes.
func answering(raw string) peers.Script     { return peers.Answering(raw) }
func answeringOnce(raw string) peers.Script { return peers.AnsweringOnce(raw) }

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
func do(tr *Transport, timeout time.Duration) *Result {
	var r Result
	now := Now()
	r.Reset(now, now.Add(timeout))
	tr.Do(context.Background(), &r)
	return &r
}
