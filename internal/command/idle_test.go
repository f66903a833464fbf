package command

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// idle is a daemon that does not run: it checks its files only when a test
// calls it, and the result depends only on the files.
type idle struct {
	*daemon

	t      *testing.T
	folder string // of its configuration, and of a file named body with the content "one"
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
	d.daemon, err = newDaemon(t.Context(), c, daemonFlags{
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

// body returns the body of the first target.
func (d *idle) body() string { return string(d.current.Load().Targets[0].Request.Body) }

// isGood reports whether the last attempt to load succeeded, by the metrics.
func (d *idle) isGood() bool {
	d.t.Helper()
	m, err := rig.Scrape(d.t.Context(), d.url+"/metrics")
	require.NoError(d.t, err)
	return m.Sum("prober_config_last_reload_successful") == 1
}
