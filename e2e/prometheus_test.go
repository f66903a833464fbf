package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

const scrapeConfig = `
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: prober
    static_configs: [{targets: [%s]}]
`

// prometheus is a running Prometheus that scrapes one prober.
type prometheus struct {
	*rig.Process
	url string
}

func startPrometheus(t *testing.T, target string, flags ...string) *prometheus {
	t.Helper()
	return startPrometheusAt(t, rig.Program(t, "prometheus", "prometheus"), fmt.Sprintf(scrapeConfig, target), flags...)
}

func startPrometheusAt(t *testing.T, path, configuration string, flags ...string) *prometheus {
	t.Helper()
	dir := t.TempDir()
	config := rig.WriteFile(t, dir, "prometheus.yml", "%s", configuration)
	args := append([]string{
		"--config.file=" + config,
		"--storage.tsdb.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=127.0.0.1:0",
	}, flags...)
	p := &prometheus{Process: rig.Start(t, exec.CommandContext(t.Context(), path, args...))}
	p.url = p.AwaitURL()
	p.Await("Server is ready to receive web requests")
	return p
}

// query returns the values of an instant query by the given label.
func (p *prometheus) query(t *testing.T, expr, by string) map[string]float64 {
	t.Helper()
	status, body, err := rig.Fetch(t.Context(), http.MethodGet, p.url+"/api/v1/query?query="+url.QueryEscape(expr))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s: %s", expr, body)
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any // a time and a number in quotes
			}
		}
	}
	require.NoError(t, json.Unmarshal(body, &answer))
	values := map[string]float64{}
	for _, r := range answer.Data.Result {
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err, "%s: %s", expr, body)
		values[r.Metric[by]] = value
	}
	return values
}

func TestPrometheusHasTheSumsOfTheDaemon(t *testing.T) {
	for name, with := range map[string]struct {
		flags   []string
		answers string
	}{
		"with classic histograms": {nil, "sum by (target) (prober_request_duration_seconds_count)"},
		"with native histograms": {
			[]string{"--enable-feature=native-histograms"},
			"histogram_count(sum by (target) (prober_request_duration_seconds))",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			load := mixedLoad(t)
			d := rig.StartDaemon(t, prober, load("200ms"))
			p := startPrometheus(t, strings.TrimPrefix(d.URL, "http://"), with.flags...)
			rig.Until(t, "a rate of each code", func() bool {
				rates := p.query(t, "sum by (error_code) (rate(prober_requests_total[1m]))", "error_code")
				return rates["0"] > 0 && rates["1404"] > 0 && rates["1212"] > 0
			})

			d.Reload(load("365d")) // so that the counters come to rest
			for _, sum := range []struct{ expr, metric, label string }{
				{"sum by (target) (prober_requests_total)", "prober_requests_total", "target"},
				{"sum by (error_code) (prober_requests_total)", "prober_requests_total", "error_code"},
				{"sum by (phase) (prober_request_failures_total)", "prober_request_failures_total", "phase"},
				{"sum by (target) (prober_received_bytes_total)", "prober_received_bytes_total", "target"},
				{with.answers, "prober_requests_total", "target"},
			} {
				rig.Until(t, "the daemon's numbers from "+sum.expr, func() bool {
					return maps.Equal(d.Scrape().By(sum.metric, sum.label), p.query(t, sum.expr, sum.label))
				})
			}
			joined := p.query(t, "sum by (team) (prober_requests_total * on (target) group_left (team) prober_target_info)", "team")
			assert.Equal(t, d.Scrape().By("prober_requests_total", "target"), joined)
			p.assertNoComplaint(t)
		})
	}
}

// assertNoComplaint checks Prometheus' counters of bad scrapes.
func (p *prometheus) assertNoComplaint(t *testing.T) {
	t.Helper()
	m, err := rig.Scrape(t.Context(), p.url+"/metrics")
	require.NoError(t, err)
	assert.NotEmpty(t, m["prometheus_target_scrapes_sample_duplicate_timestamp_total"])
	for name := range m {
		if strings.HasPrefix(name, "prometheus_target_scrapes_") {
			assert.Zero(t, m.Sum(name), name)
		}
	}
}

// mixedLoad returns a configuration for each interval: a target that answers, one without the page, and one without a
// server. The label team of each is its name.
func mixedLoad(t *testing.T) func(interval string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a page\n")) })
	server := peers.Serve(t, peers.HTTP1, mux.ServeHTTP)
	return func(interval string) string {
		return fmt.Sprintf(`
defaults: {interval: %s, timeout: 1m, burst: {requests: 5, concurrency: 2}, connection: {connect_timeout: 1m}}
targets:
  - {name: page, url: %s/page, labels: {team: page}}
  - {name: missing, url: %[2]s/missing, labels: {team: missing}}
  - {name: gone, url: "http://127.0.0.1:1", labels: {team: gone}}
`, interval, server.URL)
	}
}
