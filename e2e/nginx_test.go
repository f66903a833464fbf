package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/rig"
)

// loads are targets, each over HTTP and over TLS: the path at nginx, which begins with a status, and further keys of
// the target.
var loads = map[string]string{
	"/200/always":   "burst: {requests: 30, concurrency: 4}",
	"/200/never":    "burst: {requests: 10, concurrency: 4}, connection: {reuse: never}",
	"/200/burst":    "burst: {requests: 30, concurrency: 4}, connection: {reuse: burst}",
	"/200/seven":    "burst: {requests: 30, concurrency: 4}, connection: {requests_per_connection: 7}",
	"/200/open":     "burst: {requests: 30, rate: 100, concurrency: 4}",
	"/200/open-new": "burst: {requests: 10, rate: 50, concurrency: 4}, connection: {reuse: never}",
	"/200/post":     "burst: {requests: 10, concurrency: 2}, request: {method: POST, body_size: 4KiB}",
	"/200/head":     "burst: {requests: 10, concurrency: 2}, request: {method: HEAD}",
	"/302/redirect": "burst: {requests: 10, concurrency: 2}",
	"/404/missing":  "burst: {requests: 10, rate: 50, concurrency: 2}",
	"/500/broken":   "burst: {requests: 10, concurrency: 2}", // after a 500 nginx closes the connection
	"/503/busy":     "burst: {requests: 10, concurrency: 2}, connection: {reuse: never}",
}

func TestTheLogOfNginxEqualsTheCounters(t *testing.T) {
	n := startNginx(t)
	var config strings.Builder
	fmt.Fprintf(&config, "defaults: {interval: 1s, timeout: 1m, connection: {connect_timeout: 1m, tls_timeout: 1m, tls: {ca_file: %s/cert.pem}}}\ntargets:\n", n.dir)
	for path, keys := range loads {
		fmt.Fprintf(&config, "  - {name: http%s, url: http://%s%[1]s, %[3]s}\n", path, n.plain, keys)
		fmt.Fprintf(&config, "  - {name: https%s, url: https://%s%[1]s/tls, %[3]s}\n", path, n.secure, keys)
	}
	d := rig.StartDaemon(t, prober, config.String())
	d.AwaitMetrics("three bursts of each target", func(m rig.Metrics) bool {
		for _, bursts := range m.By("prober_bursts_total", "target") {
			if bursts < 3 {
				return false
			}
		}
		return true
	})
	m := d.Terminate()

	log := n.quit(t)
	for path := range loads {
		assertCounted(t, m, log, "http"+path, path)
		assertCounted(t, m, log, "https"+path, path+"/tls")
	}
	assert.InDelta(t, len(log), m.Sum("prober_requests_total"), 0)
}

// assertCounted compares the metrics of a target with nginx's log of the path, to the unit.
func assertCounted(t *testing.T, m rig.Metrics, log []logLine, target, path string) {
	t.Helper()
	codes, statuses, conns := map[string]float64{}, map[string]float64{}, map[string]bool{}
	requests := 0
	for _, line := range log {
		if line.path != path {
			continue
		}
		requests++
		statuses[line.status]++
		codes[codeOf(line.status)]++
		conns[line.conn] = true
	}
	assert.Positive(t, requests, target)
	assert.Equal(t, codes, m.Codes(target), target)
	assert.Equal(t, statuses, m.By("prober_responses_total", "status", "target", target), target)
	assert.InDelta(t, len(conns), m.Sum("prober_connections_opened_total", "target", target), 0, "%s: connections", target)
	assert.InDelta(t, requests-len(conns), m.Sum("prober_connections_reused_total", "target", target), 0, "%s: reuses", target)
	assert.Zero(t, m.Sum("prober_requests_dropped_total", "target", target, "reason", "timeout"), target)
}

// codeOf returns the error code of a status.
func codeOf(status string) string {
	if status < "400" {
		return "0"
	}
	return "1" + status
}

func TestEachRequestToANginxThatDiesIsCounted(t *testing.T) {
	n := startNginx(t)
	// A burst without end starts at once.
	const burst = "interval: 100ms, timeout: 10s, burst: {rate: 200, duration: 10m, concurrency: 4}"
	d := rig.StartDaemon(t, prober, fmt.Sprintf(`
targets:
  - {name: warm, url: http://%s/200/warm, %s}
  - {name: new, url: http://%[1]s/200/new, %[2]s, connection: {reuse: never}}
`, n.plain, burst))
	for range 2 {
		awaitMore(d, 50, succeeded)
		n.kill()
		awaitMore(d, 10, failed)
		n.start(t)
	}
	awaitMore(d, 50, succeeded)
	m := d.Terminate()

	log := n.quit(t)
	for _, target := range []string{"warm", "new"} {
		logged := 0
		for _, line := range log {
			if line.path == "/200/"+target {
				logged++
			}
		}
		codes := m.Codes(target)
		for code := range codes {
			assert.Regexp(t, `^(0|12\d\d)$`, code, target)
		}
		// nginx writes the line after the answer. It died twice, and may have died in between on each of the four
		// connections.
		assert.GreaterOrEqual(t, m.Sum("prober_requests_total", "target", target), float64(logged), target)
		assert.LessOrEqual(t, codes["0"], float64(logged+2*4), target)
		assert.Positive(t, codes["1212"], target)
	}
}

func succeeded(m rig.Metrics, target string) float64 { return m.Codes(target)["0"] }

func failed(m rig.Metrics, target string) float64 {
	return m.Sum("prober_request_failures_total", "target", target)
}

// awaitMore waits until the count has grown by more for every target.
func awaitMore(d *rig.Daemon, more float64, count func(m rig.Metrics, target string) float64) {
	before := d.Scrape()
	d.AwaitMetrics("further requests", func(m rig.Metrics) bool {
		for _, target := range m.Values("prober_target_info", "target") {
			if count(m, target) < count(before, target)+more {
				return false
			}
		}
		return true
	})
}
