package acceptance

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

func TestAFileThatTheConfigurationRefersToIsReadAgain(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	dir := t.TempDir()
	body := rig.WriteFile(t, dir, "body", "one")
	config := fmt.Sprintf("targets: [{name: shop, url: \"%s/shop\", interval: 20ms, timeout: 1m, burst: {requests: 1}, request: {method: POST, body_file: %s}}]\n", p.URL, body)
	d := rig.StartDaemon(t, "prober", config, "--config.refresh-interval=20ms")
	d.AwaitMetrics("requests of three bytes", func(m rig.Metrics) bool { return requestsOf(m, "shop") > 1 })

	d.Configure(t, "targets: []\n") // written, and not loaded: nobody asked for a reload
	rig.WriteFile(t, dir, "body", "another")
	d.Await("the configuration was loaded")
	before := d.Scrape()
	d.AwaitMetrics("requests with the new body", func(m rig.Metrics) bool { return requestsOf(m, "shop") > requestsOf(before, "shop")+2 })
}

func TestAutoReloadLoadsAConfigurationThatHasChanged(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := rig.StartDaemon(t, "prober", configOf(p, map[string]string{"a": "20ms"}), "--config.auto-reload-interval=20ms")
	d.AwaitMetrics("a request", func(m rig.Metrics) bool { return requestsOf(m, "a") > 0 })
	d.Configure(t, "targets: [")
	d.Await("the configuration was not loaded")
	assert.Zero(t, d.Scrape().Sum("prober_config_last_reload_successful"))
	d.Configure(t, configOf(p, map[string]string{"a": "20ms", "b": "20ms"}))
	m := d.AwaitMetrics("a request of the new target", func(m rig.Metrics) bool { return requestsOf(m, "b") > 0 })
	assert.InDelta(t, 1, m.Sum("prober_config_last_reload_successful"), 0)
}

func TestWhileTheFileIsRefusedReadingASecretAgainIsNoSuccess(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	body := rig.WriteFile(t, t.TempDir(), "body", "one")
	config := fmt.Sprintf("targets: [{name: shop, url: \"%s/shop\", interval: 1h, request: {method: POST, body_file: %s}}]\n", p.URL, body)
	d := rig.StartDaemon(t, "prober", config, "--config.refresh-interval=20ms")
	started := d.Scrape()
	d.Configure(t, "targets: [")
	d.Signal(syscall.SIGHUP)
	d.Await("the configuration was not loaded")

	require.NoError(t, os.WriteFile(body, []byte("another"), 0o600))
	d.Await("the configuration was loaded")
	m := d.Scrape()
	assert.Zero(t, m.Sum("prober_config_last_reload_successful"))
	const reloaded = "prober_config_last_reload_success_timestamp_seconds"
	assert.InDelta(t, started.Sum(reloaded), m.Sum(reloaded), 0)

	d.Reload(config)
	m = d.Scrape()
	assert.InDelta(t, 1, m.Sum("prober_config_last_reload_successful"), 0)
	assert.Greater(t, m.Sum(reloaded), started.Sum(reloaded))
}
