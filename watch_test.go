package main

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/rig"
)

func TestFingerprintIsOfTheContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b, link := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(a, []byte("one"), 0o600))
	require.NoError(t, os.WriteFile(b, []byte("two"), 0o600))
	require.NoError(t, os.Symlink(a, link))
	changed := func(f fingerprint) bool { return f.changed([]string{link}) }

	f := fingerprint{link: sumOf(link)}
	assert.False(t, changed(f))
	require.NoError(t, os.WriteFile(a, []byte("one"), 0o600))
	assert.False(t, changed(f), "written again with the same content")
	require.NoError(t, os.Symlink(b, link+".new"))
	require.NoError(t, os.Rename(link+".new", link))
	assert.True(t, changed(f), "a link that was swapped, as Kubernetes does")
	f = fingerprint{link: sumOf(link)}
	assert.False(t, changed(f))
	require.NoError(t, os.Remove(b))
	assert.True(t, changed(f), "a file that is gone")
	f = fingerprint{link: sumOf(link)}
	assert.False(t, changed(f))
	require.NoError(t, os.WriteFile(b, []byte("two"), 0o600))
	assert.True(t, changed(f), "a file that is back")
	f = fingerprint{link: sumOf(link)}
	require.NoError(t, errors.Join(os.Remove(b), syscall.Mkfifo(b, 0o600)))
	assert.True(t, changed(f), "a pipe, which nobody writes to and nobody waits for")
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

// The rest looks at a daemon by its methods: what a tick finds depends on nothing
// but the files.

// postOf returns a configuration with a target that sends a file, or none for "".
func postOf(p *peer, body string) string {
	target := fmt.Sprintf("name: shop, url: \"%s/shop\", interval: 1h", p.URL)
	if body != "" {
		target += ", request: {method: POST, body_file: " + body + "}"
	}
	return "targets: [{" + target + "}]\n"
}

// idle is a daemon that nobody runs: it looks at its files when a test tells it to.
type idle struct {
	*daemon

	t      *testing.T
	folder string // of its configuration, and of a file named body, which holds "one"
	url    string
	output rig.Output
}

func newIdle(t *testing.T, config string) *idle {
	t.Helper()
	folder := t.TempDir()
	rig.WriteFile(t, folder, "body", "one")
	return newIdleFrom(t, rig.WriteFile(t, folder, "prober.yml", "%s", config))
}

// newIdleFrom takes the configuration from a file.
func newIdleFrom(t *testing.T, path string) *idle {
	t.Helper()
	d := &idle{t: t, folder: filepath.Dir(path)}
	c := &console{stderr: &d.output, log: &promslog.Config{Writer: &d.output}}
	var err error
	d.daemon, err = newDaemon(c, daemonFlags{
		loadFlags:     loadFlags{configFile: path},
		telemetryPath: "/metrics",
		listen:        &toolkit.FlagConfig{WebListenAddresses: &[]string{"127.0.0.1:0"}, WebConfigFile: new(string)},
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		d.drain(time.Minute)
		closeAll(d.bound)
	})
	server := httptest.NewServer(d.shell.Handler())
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

// body is what the first target sends.
func (d *idle) body() string { return string(d.current.Load().Targets[0].Request.Body) }

// isGood tells what the metrics say about the last attempt to load.
func (d *idle) isGood() bool {
	d.t.Helper()
	m, err := rig.Scrape(d.t.Context(), d.url+"/metrics")
	require.NoError(d.t, err)
	return m.Sum("prober_config_last_reload_successful") == 1
}

func TestAFileThatAReloadBroughtIsWatchedAsItWasLoaded(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := newIdle(t, postOf(p, ""))
	rig.WriteFile(t, d.folder, "prober.yml", "%s", postOf(p, "body"))
	require.NoError(t, d.reload())
	rig.WriteFile(t, d.folder, "body", "two")
	d.refreshIfChanged()
	assert.Equal(t, "two", d.body())
	rig.WriteFile(t, d.folder, "body", "three")
	d.reloadIfChanged()
	assert.Equal(t, "three", d.body())
}

func TestAFileThatChangesWhileItIsAppliedIsReadAgain(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	for name, look := range map[string]func(*daemon){"refresh": (*daemon).refreshIfChanged, "auto-reload": (*daemon).reloadIfChanged} {
		d := newIdle(t, postOf(p, "body"))
		text, err := config.Read(d.flags.configFile)
		require.NoError(t, err)
		cfg, err := config.Parse(text, d.flags.configFile)
		require.NoError(t, err)
		rig.WriteFile(t, d.folder, "body", "two")
		require.NoError(t, d.apply(text, cfg))
		require.Equal(t, "one", d.body())
		look(d.daemon)
		assert.Equal(t, "two", d.body(), name)
		before := d.current.Load()
		look(d.daemon)
		assert.Same(t, before, d.current.Load(), "once")
	}
}

func TestAutoReloadGoesOnUntilWhatWasMissingIsThere(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := newIdle(t, postOf(p, ""))
	rig.WriteFile(t, d.folder, "prober.yml", "%s", postOf(p, "late"))
	for range 3 {
		d.reloadIfChanged()
	}
	assert.Equal(t, 1, strings.Count(d.output.String(), "the configuration was not loaded"), "the same failure is logged once")
	assert.False(t, d.isGood())
	rig.WriteFile(t, d.folder, "late", "two")
	d.reloadIfChanged()
	assert.Equal(t, "two", d.body())
	assert.True(t, d.isGood())
	d.reloadIfChanged()
	assert.Equal(t, 1, strings.Count(d.output.String(), "the configuration was loaded"))
}

func TestAConfigurationThatIsBackAsItWasIsGood(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := newIdle(t, postOf(p, "body"))
	for _, c := range []struct {
		name, content string
		look          func()
	}{
		{"prober.yml", postOf(p, "body"), d.reloadIfChanged},
		{"body", "one", d.reloadIfChanged},
		{"body", "one", d.refreshIfChanged},
	} {
		require.NoError(t, os.Remove(filepath.Join(d.folder, c.name)))
		c.look()
		assert.False(t, d.isGood(), "without %s", c.name)
		rig.WriteFile(t, d.folder, c.name, "%s", c.content)
		c.look()
		assert.True(t, d.isGood(), "with %s again", c.name)
	}
}

func TestARefreshLeavesTheConfigurationToAutoReload(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := newIdle(t, postOf(p, "body"))
	rig.WriteFile(t, d.folder, "prober.yml", "targets: []\n")
	rig.WriteFile(t, d.folder, "body", "two")
	d.refreshIfChanged()
	assert.Equal(t, "two", d.body())
	d.reloadIfChanged()
	assert.Empty(t, d.current.Load().Targets)
}

// TestWhatIsReadLaterIsLoadedLater has an attempt wait for another, which brings a
// newer configuration.
func TestWhatIsReadLaterIsLoadedLater(t *testing.T) {
	t.Parallel()
	for name, attempt := range map[string]func(*idle){
		"a reload":  func(d *idle) { _ = d.reload() },
		"a refresh": func(d *idle) { d.refreshIfChanged() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, nil)
			d := newIdle(t, postOf(p, "body"))
			rig.WriteFile(t, d.folder, "body", "two")
			d.mu.Lock()
			over := make(chan struct{})
			go func() {
				defer close(over)
				attempt(d)
			}()
			select { // long enough to read what must not be read yet
			case <-over:
			case <-time.After(100 * time.Millisecond):
			}
			rig.WriteFile(t, d.folder, "prober.yml", "targets: []\n")
			assert.NoError(t, d.loadFile())
			d.mu.Unlock()
			<-over
			assert.Empty(t, d.current.Load().Targets)
		})
	}
}
