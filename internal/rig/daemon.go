package rig

import (
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Daemon is a running prober.
type Daemon struct {
	*Process
	// URL is the root of its web interface.
	URL string
	dir string
}

// StartDaemon starts the program at path with the given configuration, and waits until it listens. At its end the
// program waits for its last scrape as long as a test waits.
func StartDaemon(t *testing.T, path, config string, flags ...string) *Daemon {
	t.Helper()
	d := &Daemon{dir: t.TempDir()}
	args := append([]string{"run", "--web.listen-address=127.0.0.1:0", "--config.file=" + d.Configure(t, config)}, flags...)
	const finalScrape = "--shutdown.final-scrape="
	if !slices.ContainsFunc(flags, func(f string) bool { return strings.HasPrefix(f, finalScrape) }) {
		args = append(args, finalScrape+patience.String())
	}
	d.Process = Start(t, exec.CommandContext(t.Context(), path, args...)) //nolint:gosec // it is the program under test
	d.URL = d.AwaitURL()
	return d
}

// Configure writes the configuration for the next reload, and returns its path.
func (d *Daemon) Configure(t *testing.T, config string) string {
	t.Helper()
	return WriteFile(t, d.dir, "prober.yml", "%s", config)
}

// Reload makes the daemon load config, and waits for it.
func (d *Daemon) Reload(config string) {
	d.t.Helper()
	d.Configure(d.t, config)
	loaded := func() int { return strings.Count(d.Output(), "the configuration was loaded") }
	before := loaded()
	d.Signal(syscall.SIGHUP)
	Until(d.t, "the configuration is loaded", func() bool { return loaded() > before })
}

// Scrape reads the metrics once. Their sums must hold.
func (d *Daemon) Scrape() Metrics {
	d.t.Helper()
	m, err := Scrape(d.t.Context(), d.URL+"/metrics")
	require.NoError(d.t, err)
	m.RequireBalanced(d.t)
	return m
}

// AwaitMetrics scrapes until is holds for a scrape, and returns this scrape.
func (d *Daemon) AwaitMetrics(what string, is func(Metrics) bool) (m Metrics) {
	d.t.Helper()
	Until(d.t, what, func() bool {
		m = d.Scrape()
		return is(m)
	})
	return m
}

// Terminate sends SIGTERM and waits for the end of the program. The end must be a good one. It returns the metrics of
// the last scrape: they are final.
func (d *Daemon) Terminate() Metrics {
	d.t.Helper()
	d.Scrape() // without any scrape, the program would not wait for one
	d.Signal(syscall.SIGTERM)
	d.Await("waiting for the last scrape")
	m := d.Scrape()
	require.Zero(d.t, d.Wait().ExitCode())
	require.Zero(d.t, m.Sum("prober_requests_in_flight"))
	return m
}

// Do sends a request without a body to a path of the web interface.
func (d *Daemon) Do(method, path string) (status int, body string) {
	d.t.Helper()
	status, text, err := Fetch(d.t.Context(), method, d.URL+path)
	require.NoError(d.t, err)
	return status, string(text)
}
