package acceptance

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// discovering is a configuration that finds targets for p in a file and with a server.
func discovering(p *peer, file, server string) string {
	return unhurried + `
targets:
  - {name: written, url: ` + p.URL + `/written, interval: 20ms}
discover:
  - name: files
    file_sd_configs: [{files: ['` + file + `']}]
    target: {name: 'file/{{ path }}', url: '` + p.URL + `/{{ path }}', interval: 20ms, labels: {team: '{{ team }}'}}
  - name: server
    http_sd_configs: [{url: '` + server + `/?token=canary', refresh_interval: 100ms}]
    target: {name: 'http/{{ __address__ }}', url: '` + p.URL + `/{{ __address__ }}', interval: 20ms}
`
}

func writeFound(t *testing.T, file string, paths ...string) {
	t.Helper()
	var groups []string
	for _, path := range paths {
		groups = append(groups, fmt.Sprintf(`{"targets": ["x"], "labels": {"path": %q, "team": "shop"}}`, path))
	}
	require.NoError(t, os.WriteFile(file+".new", []byte("["+strings.Join(groups, ",")+"]"), 0o600))
	require.NoError(t, os.Rename(file+".new", file))
}

func TestDiscoveredTargetsAreProbedAndSeen(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	file := filepath.Join(t.TempDir(), "found.json")
	writeFound(t, file, "a", "b")
	var broken atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, `[{"targets": ["c", "not a name"]}]`)
	}))
	t.Cleanup(server.Close)
	d := rig.StartDaemon(t, "prober", discovering(p, file, server.URL), "--discover.apply-interval=100ms")
	before := d.AwaitMetrics("bursts of all targets", func(m rig.Metrics) bool {
		return requestsOf(m, "written") >= 2 && requestsOf(m, "file/a") >= 2 && requestsOf(m, "file/b") >= 2 && requestsOf(m, "http/c") >= 2
	})
	assert.InDelta(t, 2, before.Sum("prober_discovered_targets", "discover", "files"), 0)
	assert.InDelta(t, 1, before.Sum("prober_discovery_left_out_targets", "discover", "server", "reason", "invalid"), 0)
	assert.Positive(t, before.Sum("prober_discovery_last_success_timestamp_seconds", "discover", "files"))
	broken.Store(true)
	writeFound(t, file, "b", "d")
	after := d.AwaitMetrics("a target that came, the end of one that went, and failures", func(m rig.Metrics) bool {
		return requestsOf(m, "file/d") >= 2 && m.Sum("prober_discovery_failures_total", "discover", "server") > 0 &&
			!strings.Contains(strings.Join(m.Values("prober_requests_total", "target"), " "), "file/a")
	})
	assert.GreaterOrEqual(t, requestsOf(after, "file/b"), requestsOf(before, "file/b"))
	assert.GreaterOrEqual(t, requestsOf(after, "http/c"), requestsOf(before, "http/c"), "a discovery that fails keeps its targets")
	for _, path := range []string{"/discovery", "/discovery?discover=server&reason=any", "/api/v1/discovery", "/api/v1/discovery?reason=invalid", "/config"} {
		text := body(t, d.URL+path)
		assert.NotContains(t, text, "canary", path)
		assert.Contains(t, text, "server", path)
	}
	assert.NotContains(t, d.Output(), "canary")
	assert.Contains(t, body(t, d.URL+"/discovery"), "500 Internal Server Error")

	d.Reload(discovering(p, file, server.URL) + "metrics: {native_histograms: true}\n")
	reloaded := d.Scrape()
	assert.GreaterOrEqual(t, requestsOf(reloaded, "file/b"), requestsOf(after, "file/b"))
	assert.GreaterOrEqual(t, requestsOf(reloaded, "http/c"), requestsOf(after, "http/c"))
}

func body(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, resp.StatusCode, url)
	return string(text)
}

// Hundreds of targets come and go during scrapes: no counter of a remaining target falls.
func TestManyFoundTargetsComeAndGoWithoutAGap(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	file := filepath.Join(t.TempDir(), "found.json")
	var paths []string
	for i := range 200 {
		paths = append(paths, fmt.Sprintf("t%03d", i))
	}
	writeFound(t, file, paths...)
	d := rig.StartDaemon(t, "prober", unhurried+`
metrics: {buckets: [0.1, 1], native_histograms: false}
targets: []
discover:
  - name: files
    file_sd_configs: [{files: ['`+file+`']}]
    target: {name: '{{ path }}', url: '`+p.URL+`/{{ path }}', interval: 200ms}
`, "--discover.apply-interval=50ms")
	before := d.AwaitMetrics("all targets", hasAll(paths))
	for round := range 5 {
		gone := paths[:50]
		paths = slices.Clone(paths[50:])
		for i := range 50 {
			paths = append(paths, fmt.Sprintf("n%d-%03d", round, i))
		}
		writeFound(t, file, paths...)
		after := d.AwaitMetrics("the targets that came, without those that went", func(m rig.Metrics) bool {
			names := m.Values("prober_requests_total", "target")
			return hasAll(paths)(m) && !slices.ContainsFunc(gone, func(name string) bool { return slices.Contains(names, name) })
		})
		after.RequireBalanced(t)
		for _, name := range paths[:150] {
			assert.GreaterOrEqual(t, requestsOf(after, name), requestsOf(before, name), name)
		}
		before = after
	}
}

// hasAll returns a condition: each target has a request counter.
func hasAll(names []string) func(rig.Metrics) bool {
	return func(m rig.Metrics) bool {
		there := m.Values("prober_requests_total", "target")
		return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(there, name) })
	}
}
