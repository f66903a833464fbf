package acceptance

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// peer is a server to send load to. It counts by path.
type peer struct {
	URL string

	mu       sync.Mutex
	requests map[string]int
	conns    map[string]map[string]bool // the client addresses of the requests
}

// newPeer returns a peer. Its handlers answer when gate is closed; a nil gate never stops them. They end with the test
// at the latest.
func newPeer(t *testing.T, gate <-chan struct{}) *peer {
	t.Helper()
	p := &peer{requests: map[string]int{}, conns: map[string]map[string]bool{}}
	ended, end := context.WithCancel(context.Background())
	server := peers.Serve(t, peers.HTTP1, func(_ http.ResponseWriter, r *http.Request) {
		p.note(r)
		if gate == nil {
			return
		}
		select {
		case <-gate:
		case <-ended.Done():
		}
	})
	p.URL = server.URL
	t.Cleanup(end)
	return p
}

func (p *peer) note(r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests[r.URL.Path]++
	if p.conns[r.URL.Path] == nil {
		p.conns[r.URL.Path] = map[string]bool{}
	}
	p.conns[r.URL.Path][r.RemoteAddr] = true
}

// Requests and Conns return how many requests have come for path, and on how many connections.
func (p *peer) Requests(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[path]
}

func (p *peer) Conns(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns[path])
}

// Await waits until n requests have come for path.
func (p *peer) Await(t *testing.T, path string, n int) {
	t.Helper()
	rig.Until(t, "requests for "+path, func() bool { return p.Requests(path) >= n })
}
