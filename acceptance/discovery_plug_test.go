package acceptance

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// startCatalogue starts a server that lists targets at an address. An earlier server may have used the address.
func startCatalogue(t *testing.T, address, answer string) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	require.NoError(t, s.Listener.Close())
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	s.Listener = listener
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func TestADiscoveryServerThatGoesAwayInBurstsChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	address := net.JoinHostPort("127.0.0.1", rig.FreePort(t))
	server := startCatalogue(t, address, `[{"targets": ["a", "b"]}]`)
	d := rig.StartDaemon(t, "prober", unhurried+`
targets: []
discover:
  - name: server
    http_sd_configs: [{url: 'http://`+address+`/', refresh_interval: 100ms}]
    target: {name: '{{ __address__ }}', url: '`+p.URL+`/{{ __address__ }}', interval: 1s, burst: {rate: 50, duration: 900ms, concurrency: 4}}
`, "--discover.apply-interval=100ms")
	// more returns a condition: since then each target has had answers for more than two bursts, with failures of the
	// discovery meanwhile or without.
	more := func(since rig.Metrics, failures float64) func(rig.Metrics) bool {
		return func(m rig.Metrics) bool {
			for _, name := range []string{"a", "b"} {
				if requestsOf(m, name) < requestsOf(since, name)+100 {
					return false
				}
			}
			const failed = "prober_discovery_failures_total"
			return m.Sum(failed, "discover", "server") >= since.Sum(failed, "discover", "server")+failures
		}
	}
	before := d.AwaitMetrics("answers", more(rig.Metrics{}, 0))
	server.CloseClientConnections()
	server.Close()
	during := d.AwaitMetrics("answers, and failures of the discovery", more(before, 3))
	assert.InDelta(t, 2, during.Sum("prober_discovered_targets", "discover", "server"), 0)
	assert.Equal(t, []string{"a", "b"}, during.Values("prober_requests_total", "target"))
	assert.Contains(t, body(t, d.URL+"/api/v1/discovery"), "connection refused")
	assert.Contains(t, d.Output(), "a discovery fails; its last targets stay for a while")

	startCatalogue(t, address, `[{"targets": ["b", "c", "a"]}]`)
	after := d.AwaitMetrics("answers of the target that came", func(m rig.Metrics) bool { return requestsOf(m, "c") > 0 })
	assert.Contains(t, d.Output(), "a discovery works again")
	for _, name := range []string{"a", "b"} {
		assert.GreaterOrEqual(t, requestsOf(after, name), requestsOf(during, name), name)
		assert.Zero(t, after.Sum("prober_bursts_cut_total", "target", name), name)
		assert.Zero(t, after.Sum("prober_requests_dropped_total", "target", name), name)
		assert.InDelta(t, requestsOf(after, name), after.Sum("prober_requests_total", "target", name, "error_code", "0"), 0, "%s: requests that failed", name)
	}
}
