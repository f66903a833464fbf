package acceptance

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// unhurried are the defaults of targets without short timeouts, however busy the machine is.
const unhurried = "defaults: {timeout: 1m, connection: {connect_timeout: 1m, tls_timeout: 1m}}\n"

// configOf returns a configuration with one target for each path of p: a burst of two requests, one after the other, at
// each interval.
func configOf(p *peer, intervals map[string]string) string {
	var text strings.Builder
	text.WriteString(unhurried + "targets:\n")
	for path, interval := range intervals {
		fmt.Fprintf(&text, "  - {name: %s, url: %s/%[1]s, interval: %[3]s, burst: {requests: 2, concurrency: 1}}\n", path, p.URL, interval)
	}
	return text.String()
}

func requestsOf(m rig.Metrics, target string) float64 {
	return m.Sum("prober_requests_total", "target", target)
}

func TestAReloadKeepsCountersAndWarmConnections(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := rig.StartDaemon(t, "prober", configOf(p, map[string]string{"kept": "20ms", "changed": "20ms", "removed": "20ms"}))
	before := d.AwaitMetrics("two bursts of each target", func(m rig.Metrics) bool {
		return requestsOf(m, "kept") >= 4 && requestsOf(m, "changed") >= 4 && requestsOf(m, "removed") >= 4
	})

	d.Reload(configOf(p, map[string]string{"kept": "20ms", "changed": "30ms", "added": "20ms"}))
	after := d.Scrape()
	for _, target := range []string{"kept", "changed"} {
		assert.GreaterOrEqual(t, requestsOf(after, target), requestsOf(before, target), target)
	}
	assert.Contains(t, after.By("prober_requests_total", "error_code", "target", "added"), "0")
	assert.Contains(t, after.Values("prober_burst_interval_seconds", "target"), "added")
	assert.InDelta(t, 0.03, after.Sum("prober_burst_interval_seconds", "target", "changed"), 1e-9)
	assert.InDelta(t, 1, after.Sum("prober_config_last_reload_successful"), 0)
	const reloaded = "prober_config_last_reload_success_timestamp_seconds"
	assert.Greater(t, after.Sum(reloaded), before.Sum(reloaded))

	d.AwaitMetrics("bursts of all targets, and the end of the one that is gone", func(m rig.Metrics) bool {
		return requestsOf(m, "kept") >= requestsOf(after, "kept")+4 &&
			requestsOf(m, "changed") >= requestsOf(after, "changed")+4 &&
			requestsOf(m, "added") >= 4 &&
			!strings.Contains(strings.Join(m.Values("prober_requests_total", "target"), " "), "removed")
	})

	last := d.Terminate()
	for target, conns := range map[string]int{"kept": 1, "changed": 2, "added": 1} {
		assert.Equal(t, conns, p.Conns("/"+target), target)
		assert.InDelta(t, conns, last.Sum("prober_connections_opened_total", "target", target), 0, target)
		assert.InDelta(t, p.Requests("/"+target), requestsOf(last, target), 0, target)
		assert.Equal(t, []string{"0"}, codesOf(last, target))
	}
}

func TestABrokenFileChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	good := configOf(p, map[string]string{"kept": "20ms"})
	d := rig.StartDaemon(t, "prober", good)
	before := d.AwaitMetrics("two bursts", func(m rig.Metrics) bool { return requestsOf(m, "kept") >= 4 })
	_, config := d.Do(http.MethodGet, "/config")

	d.Configure(t, good+"  - {name: added, url: http://127.0.0.1/, burst: {rate: -5}}\n")
	d.Signal(syscall.SIGHUP)
	failed := d.AwaitMetrics("a failed reload", func(m rig.Metrics) bool { return m.Sum("prober_config_last_reload_successful") == 0 })
	const reloaded = "prober_config_last_reload_success_timestamp_seconds"
	assert.InDelta(t, before.Sum(reloaded), failed.Sum(reloaded), 0)
	assert.Equal(t, []string{"kept"}, failed.Values("prober_requests_total", "target"))
	d.Await(`level=ERROR .*the old one stays.*prober.yml:4: targets\[1\].*added.*burst.rate: must be above 0`)
	_, after := d.Do(http.MethodGet, "/config")
	assert.Equal(t, config, after)
	status, _ := d.Do(http.MethodGet, "/-/ready")
	assert.Equal(t, http.StatusOK, status)
	d.AwaitMetrics("further bursts", func(m rig.Metrics) bool { return requestsOf(m, "kept") >= requestsOf(failed, "kept")+4 })

	d.Reload(good)
	mended := d.Scrape()
	assert.InDelta(t, 1, mended.Sum("prober_config_last_reload_successful"), 0)
	assert.Greater(t, mended.Sum(reloaded), before.Sum(reloaded))

	last := d.Terminate()
	assert.Equal(t, 1, p.Conns("/kept"))
	assert.InDelta(t, p.Requests("/kept"), requestsOf(last, "kept"), 0)
}

func TestReloadOverHTTP(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := rig.StartDaemon(t, "prober", configOf(p, map[string]string{"a": "1h"}), "--web.enable-lifecycle")

	d.Configure(t, configOf(p, map[string]string{"b": "1h"}))
	status, _ := d.Do(http.MethodGet, "/-/reload")
	assert.Equal(t, http.StatusMethodNotAllowed, status)
	assert.Equal(t, []string{"a"}, d.Scrape().Values("prober_target_info", "target"))

	status, body := d.Do(http.MethodPost, "/-/reload")
	require.Equal(t, http.StatusOK, status, body)
	d.AwaitMetrics("the end of the removed target", func(m rig.Metrics) bool {
		return assert.ObjectsAreEqual([]string{"b"}, m.Values("prober_target_info", "target"))
	})

	d.Configure(t, "targets: [{name: c}]")
	status, body = d.Do(http.MethodPost, "/-/reload")
	assert.Equal(t, http.StatusInternalServerError, status)
	assert.Contains(t, body, `prober.yml:1: targets[0] "c": url: missing`)
	m := d.Scrape()
	assert.Equal(t, []string{"b"}, m.Values("prober_target_info", "target"))
	assert.Zero(t, m.Sum("prober_config_last_reload_successful"))
}

func TestReloadOverHTTPMustBeAllowed(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := rig.StartDaemon(t, "prober", configOf(p, map[string]string{"a": "1h"}))
	d.Configure(t, configOf(p, map[string]string{"b": "1h"}))
	status, body := d.Do(http.MethodPost, "/-/reload")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, body, "--web.enable-lifecycle")
	assert.Equal(t, []string{"a"}, d.Scrape().Values("prober_target_info", "target"))
}

func TestChangedBucketsAreForTheNextStart(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	targets := configOf(p, map[string]string{"a": "20ms"})
	d := rig.StartDaemon(t, "prober", "metrics: {buckets: [0.1, 1]}\n"+targets)
	told := func() int { return strings.Count(d.Output(), "the histograms keep the buckets of the start") }
	d.Reload("metrics: {buckets: [0.1, 1]}\n" + configOf(p, map[string]string{"a": "25ms"}))
	assert.Zero(t, told(), "nothing has changed")
	for range 3 {
		d.Reload("metrics: {buckets: [0.2, 1]}\n" + targets)
	}
	assert.Equal(t, 1, told(), "it is said once")
	m := d.Scrape()
	assert.InDelta(t, 1, m.Sum("prober_config_last_reload_successful"), 0)
	assert.InDelta(t, 0.02, m.Sum("prober_burst_interval_seconds"), 1e-9, "everything else takes effect")
	for _, series := range m["prober_request_duration_seconds"].GetMetric() {
		assert.InDelta(t, 0.1, series.GetHistogram().GetBucket()[0].GetUpperBound(), 0)
	}
	d.Reload("metrics: {buckets: [0.3, 1]}\n" + targets)
	assert.Equal(t, 2, told(), "another change is said again")
	d.Reload("metrics: {buckets: [0.1, 1]}\n" + targets)
	d.Reload("metrics: {buckets: [0.3, 1]}\n" + targets)
	assert.Equal(t, 3, told())
}
