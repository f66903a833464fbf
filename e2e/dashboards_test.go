package e2e

import (
	"fmt"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// newerPrometheus is built by `make prometheus`.
const newerPrometheus = "../bin/prometheus"

// storage is one way of Prometheus to store histograms.
type storage struct {
	name    string
	program string
	scrape  string // keys of the scrape configuration
	flags   []string
	classic bool // whether it has classic buckets
	native  bool // whether it has native ones
}

// storages returns the ways that the programs on this machine know.
func storages(t *testing.T) []storage {
	t.Helper()
	debian := rig.Program(t, "prometheus", "prometheus")
	all := []storage{
		{name: "Debian's Prometheus, classic", program: debian, classic: true},
		{name: "Debian's Prometheus, native", program: debian, native: true, flags: []string{"--enable-feature=native-histograms"}},
	}
	newer, err := exec.LookPath(newerPrometheus)
	if err != nil {
		t.Run("newer Prometheus", func(t *testing.T) { t.Skip("bin/prometheus is missing; make prometheus builds it") })
		return all
	}
	const native, both = "scrape_native_histograms: true", "scrape_native_histograms: true, always_scrape_classic_histograms: true"
	return append(all,
		storage{name: "newer Prometheus, classic", program: newer, classic: true},
		storage{name: "newer Prometheus, native", program: newer, scrape: native, native: true},
		storage{name: "newer Prometheus, both", program: newer, scrape: both, classic: true, native: true},
	)
}

// mayBeEmpty are the panels without data while the demo runs, and the reasons.
func mayBeEmpty() map[string]string {
	return map[string]string{
		"Dropped requests":       "the workers of the demo keep up, and there are no limits",
		"Open breakers":          "no target of the demo has a breaker",
		"Own trouble":            "a prober in good health has none",
		"Share of limits in use": "the demo has no limits",
		"Skipped bursts":         "the bursts of the demo are shorter than their intervals",
	}
}

// shownTargets are the targets to try the dashboard of targets with: together they have failed answers, TLS, a burst
// without failures, a look-up, answers of DNS, and a journey.
func shownTargets() []string {
	return []string{"unavailable", "tls", "no-such-host", "dns-cut", "checkout"}
}

func TestEveryQueryOfTheDashboardsFindsWhatTheDemoShows(t *testing.T) {
	_, address := startDemo(t)
	for _, s := range storages(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := s.start(t, address)
			for _, d := range dashboards(t) {
				g := newGrafana(t, p, d)
				for _, a := range d.Annotations.List {
					g.assertAnnotation(t, a)
				}
				for _, panel := range d.Panels {
					g.assertPanel(t, panel, s)
				}
			}
			p.assertNoComplaint(t)
		})
	}
}

// start starts Prometheus with a rule for the annotations. Its alert always fires.
func (s storage) start(t *testing.T, target string) *prometheus {
	t.Helper()
	rules := rig.WriteFile(t, t.TempDir(), "rules.yml",
		"groups: [{name: test, rules: [{alert: ProberTest, expr: vector(1), labels: {severity: none}}]}]")
	p := startPrometheusAt(t, s.program, fmt.Sprintf(`
global: {scrape_interval: %[1]s, scrape_timeout: %[1]s, evaluation_interval: %[1]s}
rule_files: [%[2]s]
scrape_configs: [{job_name: prober, static_configs: [{targets: [%[3]s]}], %[4]s}]
`, scrapeInterval, rules, target, s.scrape), s.flags...)
	rig.Until(t, "the first scrape", func() bool { return len(p.query(t, "prober_burst_interval_seconds", "target")) > 0 })
	return p
}

func (g *grafana) assertAnnotation(t *testing.T, a annotation) {
	t.Helper()
	if a.Expr == "" {
		return // of Grafana's own data source
	}
	q := query{Expr: a.Expr, Interval: a.Step}
	g.await(t, "annotation "+a.Name, func() bool { return g.run(t, q, "").hasData() })
}

// assertPanel waits until each query of a panel has data. If the panel is repeated for targets, data of one target are
// enough.
func (g *grafana) assertPanel(t *testing.T, p panel, s storage) {
	t.Helper()
	for _, q := range p.Targets {
		what := fmt.Sprintf("panel %s, query %s", p.Title, q.RefID)
		find := func() bool {
			found := false
			for _, target := range g.shown() {
				a := g.run(t, q, target)
				found = found || a.hasData()
				if p.Type == "heatmap" && a.hasData() {
					assertOneKind(t, a, s)
				}
			}
			return found
		}
		if mayBeEmpty()[p.Title] != "" {
			find()
			continue
		}
		g.await(t, what, find)
	}
}

// assertOneKind asserts that a heat map has native buckets if there are any, and no classic ones beside them.
func assertOneKind(t *testing.T, a answer, s storage) {
	t.Helper()
	for _, series := range a.Data.Result {
		_, classic := series.Metric["le"]
		require.Equal(t, !s.native, classic, "a heat map from %v", series.Metric)
	}
}

func (g *grafana) await(t *testing.T, what string, is func() bool) {
	t.Helper()
	rig.Until(t, g.title+": "+what, is)
}

func TestOnlyPanelsThatThereAreMayBeEmpty(t *testing.T) {
	var titles []string
	for _, d := range dashboards(t) {
		for _, p := range d.Panels {
			titles = append(titles, p.Title)
		}
	}
	for title := range mayBeEmpty() {
		assert.True(t, slices.Contains(titles, title), title)
	}
}
