package houserules

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
)

// metric is what the documentation says about the series of a name.
type metric struct {
	kind   string // counter, gauge, histogram, recorded
	labels map[string]bool
	open   bool // it may have any label
}

// catalogue returns all metrics: those of the table in docs/metrics.md, those of every Go program and every scrape, and
// the recorded ones. A test compares the table with the metrics of the program.
func catalogue(t *testing.T) map[string]metric {
	t.Helper()
	known := map[string]metric{
		"up":                            {kind: "gauge"},
		"scrape_duration_seconds":       {kind: "gauge"},
		"scrape_samples_scraped":        {kind: "gauge"},
		"ALERTS":                        {kind: "gauge", open: true},
		"prober_build_info":             {kind: "gauge", labels: set("version", "revision", "goversion", "branch", "goos", "goarch", "tags")},
		"go_goroutines":                 {kind: "gauge"},
		"go_memstats_heap_inuse_bytes":  {kind: "gauge"},
		"process_cpu_seconds_total":     {kind: "counter"},
		"process_resident_memory_bytes": {kind: "gauge"},
		"process_open_fds":              {kind: "gauge"},
		"process_max_fds":               {kind: "gauge"},
	}
	row := regexp.MustCompile("(?m)^\\| `(prober_\\w+)` \\| (counter|gauge|histogram) \\| ([a-z_, ]*)\\|")
	for _, m := range row.FindAllStringSubmatch(string(read(t, "../../docs/metrics.md")), -1) {
		labels, open := strings.CutSuffix(strings.TrimSpace(m[3]), ", your labels")
		known[m[1]] = metric{kind: m[2], labels: set(strings.Split(labels, ", ")...), open: open}
	}
	require.Greater(t, len(known), 30, "the table in docs/metrics.md")
	for _, r := range rules(t) {
		if r.Record != "" {
			level, _, _ := strings.Cut(r.Record, ":")
			known[r.Record] = metric{kind: "recorded", labels: set(strings.Split(level, "_")...)}
			if known[r.Record].labels["code"] {
				known[r.Record].labels["error_code"] = true
			}
		}
	}
	return known
}

// look returns the metric of a name, and the suffix of a classic histogram.
func look(known map[string]metric, name string) (m metric, suffix string, ok bool) {
	if m, ok = known[name]; ok {
		return m, "", true
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		base, cut := strings.CutSuffix(name, suffix)
		if m, ok = known[base]; cut && ok && m.kind == "histogram" {
			return m, suffix, true
		}
	}
	return metric{}, "", false
}

// has reports whether series of the metric may have a label.
func (m metric) has(label string) bool {
	return m.open || m.labels[label] || label == "job" || label == "location" || label == "instance" || label == "__name__"
}

func set(names ...string) map[string]bool {
	all := map[string]bool{}
	for _, name := range names {
		all[name] = true
	}
	return all
}

// selectors calls see for each selector of an expression. around has the nodes around it, outermost first.
func selectors(expr parser.Expr, see func(s *parser.VectorSelector, around []parser.Node)) {
	parser.Inspect(expr, func(n parser.Node, around []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			see(s, around)
		}
		return nil
	})
}
