package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/dashboards/rules"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

const (
	// hurry is how many times faster the rules of this test are than those for people: five minutes take three seconds.
	hurry = 100
	// latencyObjective leaves room for a machine that is busy with other tests.
	latencyObjective = 500 * time.Millisecond
)

const alertingConfig = `
global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
rule_files: [%s]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs:
  - {job_name: prober, static_configs: [{targets: [%q]}], %s}
`

// alerting is a Prometheus that scrapes one prober, its Alertmanager with the example's routes, and a receiver of the
// notifications.
type alerting struct {
	instance     string // of the prober
	prometheus   *prometheus
	alertmanager string // the URL

	mu            sync.Mutex
	notifications []notification
}

// notification is an alert in a notification to a receiver.
type notification struct {
	receiver    string
	Labels      map[string]string
	Annotations map[string]string
}

func startAlerting(t *testing.T, d *rig.Daemon, kind storage) *alerting {
	t.Helper()
	dir := t.TempDir()
	s := &alerting{instance: strings.TrimPrefix(d.URL, "http://")}
	receiver := peers.Serve(t, peers.HTTP1, s.ServeHTTP)

	am := rig.Start(t, exec.CommandContext(t.Context(), rig.Program(t, "prometheus-alertmanager", "prometheus-alertmanager"),
		"--config.file="+rig.WriteFile(t, dir, "alertmanager.yml", "%s", routes(t, receiver.URL)),
		"--storage.path="+filepath.Join(dir, "alertmanager"), "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="))
	s.alertmanager = am.AwaitURL()

	set := rules.Default()
	set.Speed = hurry
	set.Objectives[0].Latency = latencyObjective
	text, err := set.RuleFile()
	require.NoError(t, err)
	s.prometheus = startPrometheusAt(t, kind.program, fmt.Sprintf(alertingConfig, rig.WriteFile(t, dir, "rules.yml", "%s", text),
		strings.TrimPrefix(s.alertmanager, "http://"), s.instance, kind.scrape), kind.flags...)
	return s
}

// routes returns the example for Alertmanager, with each receiver at a path of url and no waiting times.
func routes(t *testing.T, url string) []byte {
	t.Helper()
	text, err := os.ReadFile("../dashboards/rules/alertmanager.yml")
	require.NoError(t, err)
	var config struct {
		Route     map[string]any
		Inhibit   any `yaml:"inhibit_rules"`
		Receivers []map[string]any
	}
	require.NoError(t, yaml.Unmarshal(text, &config))
	config.Route["group_wait"], config.Route["group_interval"] = "100ms", "300ms"
	for _, r := range config.Receivers {
		r["webhook_configs"] = []any{map[string]any{"url": url + "/" + r["name"].(string)}}
	}
	text, err = yaml.Marshal(config)
	require.NoError(t, err)
	return text
}

// ServeHTTP takes the notifications of Alertmanager. The path is the name of the receiver.
func (s *alerting) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var message struct{ Alerts []notification }
	if json.NewDecoder(r.Body).Decode(&message) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range message.Alerts {
		n.receiver = strings.TrimPrefix(r.URL.Path, "/")
		s.notifications = append(s.notifications, n)
	}
}

// told returns the first notification for which is returns true.
func (s *alerting) told(is func(notification) bool) (notification, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.notifications, is)
	if i < 0 {
		return notification{}, false
	}
	return s.notifications[i], true
}

// awaitHealth waits until Prometheus has a ratio of failures of 0 for each target.
func (s *alerting) awaitHealth(t *testing.T, targets ...string) {
	t.Helper()
	rig.Until(t, "a ratio of failures, which is 0, of each target", func() bool {
		ratios := s.prometheus.query(t, "job_location_target:prober_failures:ratio_rate1h", "target")
		return !slices.ContainsFunc(targets, func(target string) bool {
			ratio, known := ratios[target]
			return !known || ratio != 0
		})
	})
}

// await waits until a receiver was notified of an alert with exactly these labels, and says in its description.
func (s *alerting) await(t *testing.T, receiver, says string, labels map[string]string) {
	t.Helper()
	var found notification
	rig.Until(t, receiver+" is told of "+labels["alertname"], func() (ok bool) {
		found, ok = s.told(func(n notification) bool { return n.receiver == receiver && maps.Equal(n.Labels, labels) })
		return ok
	})
	assert.Contains(t, found.Annotations["description"], says)
	assert.Contains(t, found.Annotations["runbook_url"], "#"+strings.ToLower(labels["alertname"]))
}

// assertRulesAreWell asserts that Prometheus evaluates every rule without an error, and without a remark on its query.
func (s *alerting) assertRulesAreWell(t *testing.T) {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Query, Health, LastError string }
			}
		}
	}
	s.ask(t, "/api/v1/rules", &answer)
	require.NotEmpty(t, answer.Data.Groups)
	for _, group := range answer.Data.Groups {
		for _, rule := range group.Rules {
			assert.NotEqual(t, "err", rule.Health, "%s: %s", rule.Name, rule.LastError)
			var remarks struct{ Warnings, Infos []string }
			s.ask(t, "/api/v1/query?query="+url.QueryEscape(rule.Query), &remarks)
			assert.Empty(t, append(remarks.Warnings, remarks.Infos...), rule.Query)
		}
	}
}

// ask reads an answer of Prometheus.
func (s *alerting) ask(t *testing.T, path string, answer any) {
	t.Helper()
	status, body, err := rig.Fetch(t.Context(), http.MethodGet, s.prometheus.url+path)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s: %s", path, body)
	require.NoError(t, json.Unmarshal(body, answer))
}
