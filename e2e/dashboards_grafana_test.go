package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

const (
	scrapeInterval = time.Second
	// shownRange is the time range of the dashboards.
	shownRange = time.Minute
)

// dashboard is the part of a dashboard's model that these tests read.
type dashboard struct {
	Title       string
	Annotations struct{ List []annotation }
	Panels      []panel
	Templating  struct{ List []variable }
}

type annotation struct{ Name, Expr, Step string }

type panel struct {
	Title, Type string
	Targets     []query
}

type query struct {
	RefID, Expr, Interval string
	Instant               bool
}

type variable struct {
	Name, Type, AllValue, Regex string
	Multi, IncludeAll           bool
	Current                     struct{ Value any }
	Query                       any
}

func dashboards(t *testing.T) []dashboard {
	t.Helper()
	files, err := filepath.Glob("../dashboards/*.json")
	require.NoError(t, err)
	require.Len(t, files, 4)
	all := make([]dashboard, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &all[i]))
	}
	return all
}

// grafana asks Prometheus as Grafana does when it shows a dashboard.
type grafana struct {
	*prometheus
	title string
	// values are the values of the variables in queries.
	values map[string]string
	// one reports whether the dashboard shows one target at a time.
	one bool
}

// newGrafana sets the variables in their order, because one may depend on earlier ones.
func newGrafana(t *testing.T, p *prometheus, d dashboard) *grafana {
	t.Helper()
	g := &grafana{prometheus: p, title: d.Title, values: map[string]string{}}
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			g.values[v.Name] = fmt.Sprint(v.Current.Value)
			continue
		}
		if v.IncludeAll && v.AllValue != "" {
			g.values[v.Name] = v.AllValue
			continue
		}
		var found []string
		rig.Until(t, g.title+": variable "+v.Name, func() bool {
			found = g.choices(t, v)
			return len(found) > 0
		})
		switch {
		case v.Multi:
			g.values[v.Name] = "(" + strings.Join(found, "|") + ")"
		default:
			g.values[v.Name] = found[0]
		}
		g.one = g.one || v.Name == "target" && !v.IncludeAll
	}
	g.assertWindows(t)
	return g
}

// assertWindows asserts that absolute numbers are taken over at least five intervals between bursts, and ratios over at
// least two.
func (g *grafana) assertWindows(t *testing.T) {
	t.Helper()
	longest := g.query(t, "max(prober_burst_interval_seconds)", "")[""]
	require.Positive(t, longest)
	for name, intervals := range map[string]float64{"absolute_step": 5, "ratio_step": 2} {
		step, err := strconv.ParseFloat(g.values[name], 64)
		require.NoError(t, err, name)
		assert.GreaterOrEqual(t, 4*step, intervals*longest, name)
	}
}

// shown returns the targets to show one by one. If the dashboard does not repeat its panels, one name stands for all.
func (g *grafana) shown() []string {
	if g.one {
		return shownTargets()
	}
	return []string{""}
}

// choices asks for the values of a variable.
func (g *grafana) choices(t *testing.T, v variable) []string {
	t.Helper()
	model, ok := v.Query.(map[string]any)
	require.True(t, ok, v.Name)
	text := g.fill(fmt.Sprint(model["query"]), "", scrapeInterval, scrapeInterval)
	if m := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`).FindStringSubmatch(text); m != nil {
		return g.labelValues(t, m[1], m[2])
	}
	m := regexp.MustCompile(`^query_result\((.*)\)$`).FindStringSubmatch(text)
	require.NotNil(t, m, text)
	var values []string
	for _, s := range g.ask(t, "query", url.Values{"query": {m[1]}}).Data.Result {
		var labels []string
		for _, name := range slices.Sorted(maps.Keys(s.Metric)) {
			labels = append(labels, fmt.Sprintf("%s=%q", name, s.Metric[name]))
		}
		line := fmt.Sprintf("{%s} %v %d", strings.Join(labels, ","), s.Value[1], time.Now().UnixMilli())
		value := regexp.MustCompile(strings.Trim(v.Regex, "/")).FindStringSubmatch(line)
		require.Len(t, value, 2, line)
		values = append(values, value[1])
	}
	return values
}

func (g *grafana) labelValues(t *testing.T, series, label string) []string {
	t.Helper()
	status, body, err := rig.Fetch(t.Context(), http.MethodGet,
		g.url+"/api/v1/label/"+label+"/values?match[]="+url.QueryEscape(series))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s: %s", series, body)
	var answer struct{ Data []string }
	require.NoError(t, json.Unmarshal(body, &answer))
	return answer.Data
}

// run runs a query, over the range shown unless it is for one moment.
func (g *grafana) run(t *testing.T, q query, target string) answer {
	t.Helper()
	atLeast := scrapeInterval
	if q.Interval != "" {
		var err error
		atLeast, err = time.ParseDuration(g.fill(q.Interval, target, 0, 0))
		require.NoError(t, err, q.Interval)
	}
	step := atLeast // the range is so short that no pixel needs a longer step
	expr := g.fill(q.Expr, target, step, max(step+atLeast, 4*atLeast))
	require.NotContains(t, expr, "$", q.Expr)
	if q.Instant {
		return g.ask(t, "query", url.Values{"query": {expr}})
	}
	now := time.Now()
	return g.ask(t, "query_range", url.Values{
		"query": {expr}, "start": {unix(now.Add(-shownRange))}, "end": {unix(now)}, "step": {seconds(step)},
	})
}

// fill replaces variables and macros. A name comes before its own prefix.
func (g *grafana) fill(text, target string, step, rateInterval time.Duration) string {
	pairs := []string{
		"$__rate_interval", seconds(rateInterval) + "s",
		"$__interval_ms", strconv.FormatInt(step.Milliseconds(), 10),
		"$__range", seconds(shownRange) + "s",
	}
	for name, value := range g.values {
		if name == "target" && target != "" {
			value = target
		}
		pairs = append(pairs, "${"+name+"}", value, "$"+name, value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// answer is an answer of Prometheus' HTTP interface. Instant queries fill in Value, others Values; Histogram is a
// native histogram in either.
type answer struct {
	Error    string
	Warnings []string
	Infos    []string
	Data     struct {
		Result []struct {
			Metric                map[string]string
			Value                 [2]any // a time and a number in quotes
			Values                [][2]any
			Histogram, Histograms []any
		}
	}
}

// ask requires an answer without an error, a warning or a remark.
func (g *grafana) ask(t *testing.T, path string, values url.Values) answer {
	t.Helper()
	status, body, err := rig.Fetch(t.Context(), http.MethodGet, g.url+"/api/v1/"+path+"?"+values.Encode())
	require.NoError(t, err)
	var a answer
	require.NoError(t, json.Unmarshal(body, &a), "%s", body)
	require.Equal(t, http.StatusOK, status, "%s: %s: %s", g.title, values["query"], a.Error)
	assert.Empty(t, a.Warnings, "%s: %s", g.title, values["query"])
	assert.Empty(t, a.Infos, "%s: %s", g.title, values["query"])
	return a
}

// hasData reports whether there is anything to draw.
func (a answer) hasData() bool {
	for _, s := range a.Data.Result {
		if len(s.Histogram) > 0 || len(s.Histograms) > 0 {
			return true
		}
		for _, v := range append(s.Values, s.Value) {
			if v[1] != nil && v[1] != "NaN" {
				return true
			}
		}
	}
	return false
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
