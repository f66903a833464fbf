package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/dashboards/rules"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

const incidentConfig = `
global: {scrape_interval: %[1]s, scrape_timeout: %[1]s, evaluation_interval: %[1]s}
rule_files: [%[2]s]
alerting: {alertmanagers: [{static_configs: [{targets: [%[3]q]}]}]}
scrape_configs:
`

// message is one notification of Alertmanager to a receiver.
type message struct {
	at       time.Duration
	receiver string
	Status   string
	Alerts   []struct {
		Status              string
		Labels, Annotations map[string]string
		StartsAt            time.Time
		Fingerprint         string
	}
}

// mailbox takes the notifications of all incidents.
type mailbox struct {
	started time.Time

	mu       sync.Mutex
	messages []message
}

// ServeHTTP takes the notifications of Alertmanager. The path is the name of the receiver.
func (m *mailbox) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	got := message{at: time.Since(m.started) * compressed, receiver: strings.TrimPrefix(r.URL.Path, "/")}
	if json.NewDecoder(r.Body).Decode(&got) != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = append(m.messages, got)
}

// of returns the notifications on the alerts of a job.
func (m *mailbox) of(job string) []message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.messages), func(got message) bool { return got.Alerts[0].Labels["job"] != job })
}

func (m message) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%5.1f min to %s: %s", m.at.Minutes(), m.receiver, m.Status)
	for _, a := range m.Alerts {
		fmt.Fprintf(&b, "\n    %s %s %s: %s\n      %s\n      %s", a.Status, a.Labels["alertname"], a.Labels["severity"],
			a.Annotations["summary"], a.Annotations["description"], a.Annotations["command"])
	}
	return b.String()
}

// watch starts a Prometheus that scrapes the worlds, and an Alertmanager that notifies the mailbox; all of it in
// compressed time.
func (m *mailbox) watch(t *testing.T, worlds []*world) *prometheus {
	t.Helper()
	dir := t.TempDir()
	receiver := peers.Serve(t, peers.HTTP1, m.ServeHTTP)
	am := rig.Start(t, exec.CommandContext(t.Context(), rig.Program(t, "prometheus-alertmanager", "prometheus-alertmanager"),
		"--config.file="+rig.WriteFile(t, dir, "alertmanager.yml", "%s", compressedRoutes(t, receiver.URL)),
		"--storage.path="+filepath.Join(dir, "alertmanager"), "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="))
	text, err := incidentRules().RuleFile()
	require.NoError(t, err)
	config := fmt.Sprintf(incidentConfig, incidentRules().Every/compressed, rig.WriteFile(t, dir, "rules.yml", "%s", text),
		strings.TrimPrefix(am.AwaitURL(), "http://"))
	for i, w := range worlds {
		site := peers.Serve(t, peers.HTTP1, w.ServeHTTP)
		config += fmt.Sprintf("  - {job_name: world-%d, relabel_configs: [{target_label: job, replacement: %s}], static_configs: [{targets: [%q], labels: {location: %q}}]}\n",
			i, w.job, strings.TrimPrefix(site.URL, "http://"), w.location)
	}
	return startPrometheusAt(t, rig.Program(t, "prometheus", "prometheus"), config)
}

// incidentRules are the rules in compressed time. Their evaluation is less frequent, so a busy machine keeps up with
// it.
func incidentRules() rules.Settings {
	set := rules.Default()
	set.Speed, set.Every = compressed, time.Minute
	return set
}

// compressedRoutes returns the example for Alertmanager in compressed time, with each receiver at a path of url.
func compressedRoutes(t *testing.T, url string) []byte {
	t.Helper()
	text, err := os.ReadFile("../dashboards/rules/alertmanager.yml")
	require.NoError(t, err)
	times := regexp.MustCompile(`(group_wait|group_interval|repeat_interval): (\w+)`)
	text = times.ReplaceAllFunc(text, func(pair []byte) []byte {
		part := times.FindSubmatch(pair)
		d, err := time.ParseDuration(string(part[2]))
		require.NoError(t, err)
		return []byte(string(part[1]) + ": " + strconv.FormatInt((d/compressed).Milliseconds(), 10) + "ms")
	})
	var config map[string]any
	require.NoError(t, yaml.Unmarshal(text, &config))
	for _, r := range config["receivers"].([]any) {
		receiver := r.(map[string]any)
		receiver["webhook_configs"] = []any{map[string]any{"url": url + "/" + receiver["name"].(string)}}
	}
	text, err = yaml.Marshal(config)
	require.NoError(t, err)
	return text
}
