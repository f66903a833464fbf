package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// TestTheFilesOfComposeWorkTogether runs the programs of deploy/compose, as far as Debian has them, with the same
// files: only the names of containers become addresses of this machine.
func TestTheFilesOfComposeWorkTogether(t *testing.T) {
	t.Parallel()
	alertmanager := rig.Program(t, "prometheus-alertmanager", "prometheus-alertmanager")
	dir := t.TempDir()
	addresses := strings.NewReplacer()
	adopt := func(name, from string) (path string) {
		text, err := os.ReadFile(from)
		require.NoError(t, err)
		return rig.WriteFile(t, dir, name, "%s", addresses.Replace(string(text)))
	}

	am := rig.Start(t, exec.CommandContext(t.Context(), alertmanager, "--config.file="+adopt("alertmanager.yml", "../dashboards/rules/alertmanager.yml"),
		"--storage.path="+filepath.Join(dir, "alertmanager"), "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="))
	_, demo := startDemo(t, "--demo.table-interval=1h")
	addresses = strings.NewReplacer("demo:10115", demo)
	text, err := os.ReadFile(adopt("prober.yml", "../deploy/compose/prober/prober.yml"))
	require.NoError(t, err)
	d := rig.StartDaemon(t, prober, string(text))
	addresses = strings.NewReplacer("demo:10115", demo, "prober:10115", hostOf(d.URL), "alertmanager:9093", hostOf(am.AwaitURL()), ": 15s", ": 1s")
	adopt("prober.rules.yml", "../dashboards/rules/prober.rules.yml")
	config := adopt("prometheus.yml", "../deploy/compose/prometheus.yml")

	p := &prometheus{Process: rig.Start(t, exec.CommandContext(t.Context(), rig.Program(t, "prometheus", "prometheus"), "--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0"))}
	p.url = p.AwaitURL()
	p.Await("Server is ready to receive web requests")
	rig.Until(t, "both probers are scraped", func() bool {
		up := p.query(t, `up{job="prober"}`, "instance")
		return up[demo] == 1 && up[hostOf(d.URL)] == 1
	})
	assert.Equal(t, map[string]float64{"compose": 1, "demo": 1}, p.query(t, `count by (location) (up{job="prober"})`, "location"))
	rig.Until(t, "the targets of the file have their codes", func() bool {
		codes := func(target string) map[string]float64 { return d.Scrape().Codes(target) }
		return codes("status-page")["0"] > 0 && codes("health")["0"] > 0 && codes("missing-page")["1404"] > 0
	})
	rig.Until(t, "rules have been evaluated and Alertmanager is known", func() bool {
		m, err := rig.Scrape(t.Context(), p.url+"/metrics")
		require.NoError(t, err)
		require.Zero(t, m.Sum("prometheus_rule_evaluation_failures_total"), p.Output())
		return m.Sum("prometheus_rule_evaluations_total") > 0 && m.Sum("prometheus_notifications_alertmanagers_discovered") == 1
	})
}

func TestTheToolsOfPrometheusFindNoFaultWithTheFilesOfCompose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, from := range map[string]string{"prometheus.yml": "../deploy/compose/prometheus.yml", "prober.rules.yml": "../dashboards/rules/prober.rules.yml"} {
		text, err := os.ReadFile(from)
		require.NoError(t, err)
		rig.WriteFile(t, dir, name, "%s", text)
	}
	for _, args := range [][]string{
		{rig.Program(t, "promtool", "prometheus"), "check", "config", filepath.Join(dir, "prometheus.yml")},
		{rig.Program(t, "amtool", "prometheus-alertmanager"), "check-config", "../dashboards/rules/alertmanager.yml"},
	} {
		out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
		assert.NoError(t, err, string(out))
	}
}

func hostOf(url string) string { return strings.TrimPrefix(url, "http://") }
