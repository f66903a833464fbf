package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/e2e/rig"
)

func TestFingerprintIsOfTheContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b, link := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(a, []byte("one"), 0o600))
	require.NoError(t, os.WriteFile(b, []byte("two"), 0o600))
	require.NoError(t, os.Symlink(a, link))

	w := &watch{seen: fingerprintOf([]string{link})}
	assert.False(t, w.changed([]string{link}))
	require.NoError(t, os.WriteFile(a, []byte("one"), 0o600))
	assert.False(t, w.changed([]string{link}), "written again with the same content")
	require.NoError(t, os.Symlink(b, link+".new"))
	require.NoError(t, os.Rename(link+".new", link))
	assert.True(t, w.changed([]string{link}), "a link that was swapped, as Kubernetes does")
	assert.False(t, w.changed([]string{link}), "which is news once")
	require.NoError(t, os.Remove(b))
	assert.True(t, w.changed([]string{link}), "a file that is gone")
	assert.False(t, w.changed([]string{link, a}), "a file that was not watched before is taken as it is")
}

func TestAFileThatTheConfigurationRefersToIsReadAgain(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	dir := t.TempDir()
	body := rig.WriteFile(t, dir, "body", "one")
	config := fmt.Sprintf("targets: [{name: shop, url: \"%s/shop\", interval: 20ms, timeout: 1m, burst: {requests: 1}, request: {method: POST, body_file: %s}}]\n", p.URL, body)
	d := rig.StartDaemon(t, "prober", config, "--config.refresh-interval=20ms")
	d.AwaitMetrics("requests of three bytes", func(m rig.Metrics) bool { return requestsOf(m, "shop") > 1 })

	d.Configure(t, "targets: []\n") // written, and not loaded: nobody asked for that
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
