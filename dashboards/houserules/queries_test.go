// Package houserules checks the queries of the dashboards and of the rules. They must fit the metrics of the program
// and the kinds of these metrics. It is a module of its own, because it needs the parser of Prometheus.
package houserules

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// query is an expression and its place.
type query struct {
	where string
	text  string
	expr  parser.Expr
}

// queries returns every expression of the rules, of the templates in their annotations, and of the dashboards.
func queries(t *testing.T) []query {
	t.Helper()
	var found []query
	for _, r := range rules(t) {
		found = append(found, query{where: r.name(), text: r.Expr})
		for _, q := range templated(r.Annotations) {
			found = append(found, query{where: r.name(), text: q})
		}
	}
	for _, d := range dashboards(t) {
		found = append(found, d.queries()...)
	}
	p := parser.NewParser(parser.Options{})
	for i, q := range found {
		expr, err := p.ParseExpr(macros.Replace(q.text))
		require.NoError(t, err, "%s: %s", q.where, q.text)
		found[i].expr = expr
	}
	return found
}

// macros replaces the variables of Grafana by possible values.
var macros = strings.NewReplacer(
	"$__rate_interval", "5m", "$__range", "1h", "$__interval_ms", "15000", "$__interval", "15s",
	"$quantile", "0.95", "$worst", "15", "$label", "team", "$objective", "0.99", "${absolute_step}", "5m", "${ratio_step}", "5m",
)

// rule is a recording rule or an alert.
type rule struct {
	Record, Alert, Expr string
	Annotations         map[string]string
}

func (r rule) name() string { return r.Record + r.Alert }

func rules(t *testing.T) []rule {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	require.NoError(t, yaml.Unmarshal(read(t, "../rules/prober.rules.yml"), &file))
	var all []rule
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	require.NotEmpty(t, all)
	return all
}

// templated returns the queries in annotations, as in {{ range printf `up{job=%q}` $labels.job | query }}.
func templated(annotations map[string]string) []string {
	var found []string
	for _, text := range annotations {
		for _, m := range regexp.MustCompile("printf `([^`]+)`").FindAllStringSubmatch(text, -1) {
			found = append(found, regexp.MustCompile(`%(\[\d\])?q`).ReplaceAllString(m[1], `"x"`))
		}
	}
	return found
}

// dashboard is a part of Grafana's model.
type dashboard struct {
	file        string
	Panels      []panel
	Annotations struct {
		List []struct{ Name, Expr string }
	}
	Templating struct {
		List []struct {
			Name, Type, Definition string
		}
	}
}

type panel struct {
	Type, Title, Description string
	Panels                   []panel // of a folded row
	Targets                  []struct{ Expr string }
	FieldConfig              struct {
		Defaults struct{ Unit string }
	}
}

func dashboards(t *testing.T) []dashboard {
	t.Helper()
	files, err := filepath.Glob("../*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all []dashboard
	for _, file := range files {
		d := dashboard{file: filepath.Base(file)}
		require.NoError(t, json.Unmarshal(read(t, file), &d))
		all = append(all, d)
	}
	return all
}

func (d dashboard) queries() []query {
	var found []query
	for _, p := range d.panels() {
		for _, target := range p.Targets {
			found = append(found, query{where: d.file + ": " + p.Title, text: target.Expr})
		}
	}
	for _, a := range d.Annotations.List {
		if a.Expr != "" {
			found = append(found, query{where: d.file + ": annotation " + a.Name, text: a.Expr})
		}
	}
	asked := regexp.MustCompile(`(?s)^(?:label_values\((.*), \$?\w+\)|query_result\((.*)\))$`)
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		text := v.Definition
		if m := asked.FindStringSubmatch(text); m != nil {
			text = m[1] + m[2]
		}
		found = append(found, query{where: d.file + ": variable " + v.Name, text: text})
	}
	return found
}

// panels returns all panels, including those of folded rows, but no rows.
func (d dashboard) panels() []panel {
	var all []panel
	for _, p := range d.Panels {
		all = append(all, p.Panels...)
		if p.Type != "row" {
			all = append(all, p)
		}
	}
	return all
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return text
}
