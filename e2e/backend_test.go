package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// backend is the server behind the servers and proxies under test. It serves the files of a folder, takes every upload,
// and counts its answers.
type backend struct {
	t       *testing.T
	address string
	dir     string
	files   http.Handler

	mu     sync.Mutex
	counts map[string]float64 // by request URI
}

func startBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{t: t, dir: writeFiles(t), counts: map[string]float64{}}
	b.files = http.FileServer(http.Dir(b.dir))
	b.address = peers.Serve(t, peers.HTTP1, b.ServeHTTP).Address()
	return b
}

// ServeHTTP implements http.Handler.
func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.count(r.URL.RequestURI()) // without the host, because some proxies name it
	if _, err := io.Copy(io.Discard, r.Body); assert.NoError(b.t, err) {
		b.files.ServeHTTP(w, r)
	}
}

func (b *backend) count(uri string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[uri]++
}

// assertCodes compares the metrics of each target with its one expected code, and the successes with the answers of b.
// The name of a target is the query of its requests.
func (b *backend) assertCodes(t *testing.T, m rig.Metrics, want map[string]string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for target, code := range want {
		codes := m.Codes(target)
		assert.Equal(t, map[string]float64{code: m.Sum("prober_requests_total", "target", target)}, codes, target)
		assert.InDelta(t, codes["0"], b.counts["/1KiB?"+target], 0, target)
	}
}

// sizes are the files of every server, with their lengths in bytes.
var sizes = map[string]int64{"0B": 0, "1KiB": 1 << 10, "100MiB": 100 << 20, "upload": 0}

// writeFiles writes these files into a new folder. They are sparse and take no space on the disk.
func writeFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, size := range sizes {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Truncate(path, size))
	}
	return dir
}
