package houserules

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// apartFrom are labels that split the series of one target, but only for a mix or a journey. In a query tried with
// another target nobody notices them.
func apartFrom() []string { return []string{"request", "step"} }

func TestEveryQueryIsRightForMixesAndJourneys(t *testing.T) {
	known := catalogue(t)
	for _, q := range slices.Concat(queries(t), documented(t)) {
		for _, label := range apartFrom() {
			assert.Empty(t, mistakes(known, label, q.expr), "%s: %s", q.where, q.text)
		}
	}
}

func TestAQueryThatForgetsMixesOrJourneysIsFound(t *testing.T) {
	known := catalogue(t)
	for text, complaint := range map[string]string{
		// Shown, or compared, one by one.
		`prober_requests_in_flight`:                                     "nothing adds up",
		`rate(prober_requests_total{error_code!~"0|100[1-7]"}[5m]) > 1`: "nothing adds up",
		`rate(prober_journeys_total{result="failure"}[5m])`:             "nothing adds up",
		`sum without (instance) (prober_requests_waiting)`:              "nothing adds up",
		`prober_requests_in_flight{request!=""}`:                        "nothing adds up",
		// One taken for the whole.
		`max by (target) (prober_requests_in_flight)`:            "max is of one request",
		`avg by (target) (rate(prober_requests_total[5m]))`:      "avg is of one request",
		`topk(3, rate(prober_requests_total[5m]))`:               "topk is of one request",
		`min without (request) (prober_requests_waiting)`:        "min is of one request",
		`max by (target) (increase(prober_journeys_total[30m]))`: "max is of one step",
		// Many where one is expected.
		`prober_requests_in_flight / on (job, instance, target) prober_burst_workers`:                                                    "where one is expected",
		`prober_burst_workers - on (target) group_left () prober_requests_in_flight`:                                                     "where one is expected",
		`sum by (target, request) (rate(prober_requests_total[5m])) / on (target) sum by (target) (prober_breaker_open)`:                 "where one is expected",
		`sum by (target, request) (rate(prober_requests_total[5m])) / ignoring (request) sum by (target) (prober_breaker_open)`:          "where one is expected",
		`sum by (target, request) (prober_requests_waiting) * on (target) group_right () max without (url) (prober_target_info)`:         "where one is expected",
		`sum by (target) (prober_requests_waiting) * on (target) group_left (team) max by (target, request, team) (prober_request_info)`: "where one is expected",
		// None at all.
		`sum by (target, request) (rate(prober_requests_total[5m])) / sum by (target) (rate(prober_requests_total[5m]))`: "only one side",
		`prober_requests_in_flight / prober_burst_workers`:                                                               "only one side",
		`sum by (target) (rate(prober_requests_total[5m])) and sum by (target, request) (prober_requests_waiting)`:       "only one side",
		// Twice.
		`sum by (target, request) (prober_requests_waiting) or sum by (target) (prober_requests_in_flight)`: "only one side",
	} {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
		require.NoError(t, err, text)
		var found []string
		for _, label := range apartFrom() {
			found = append(found, mistakes(known, label, expr)...)
		}
		require.NotEmpty(t, found, text)
		assert.Contains(t, found[0], complaint, text)
	}
}

func TestAQueryThatThinksOfMixesAndJourneysIsNotFound(t *testing.T) {
	known := catalogue(t)
	for _, text := range []string{
		`sum(prober_requests_in_flight)`,
		`sum by (target) (rate(prober_requests_total[5m])) / sum by (target) (rate(prober_connections_opened_total[5m]))`,
		`sum by (target, request) (prober_requests_waiting) / on (target) group_left () sum by (target) (prober_burst_workers)`,
		`max by (target) (sum by (target, request) (rate(prober_requests_scheduled_total[5m])))`,
		`prober_requests_in_flight{target="shop",request="home"} > 3`,
		`sum by (target) (prober_requests_waiting unless prober_requests_waiting offset 5m)`,
		`sum by (target, request) (prober_requests_waiting) * on (target, request) group_left (team) max by (target, request, team) (prober_request_info)`,
		`sum by (target, request) (prober_requests_waiting) * on (target, request) group_right () (prober_request_info or prober_target_info)`,
		`sum by (target) (prober_requests_waiting) * on (target) group_left (team) max by (target, team) (prober_request_info)`,
		`sum by (step) (increase(prober_journeys_total[5m]))`,
		`count(prober_requests_total)`,
		`absent(prober_requests_total)`,
	} {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
		require.NoError(t, err, text)
		for _, label := range apartFrom() {
			assert.Empty(t, mistakes(known, label, expr), text)
		}
	}
}

// documented returns the queries of README and of the pages in docs, also those in rules on these pages.
func documented(t *testing.T) []query {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	var found []query
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		add := func(promql string) {
			expr, err := parser.NewParser(parser.Options{}).ParseExpr(promql)
			require.NoError(t, err, "%s: %s", page, promql)
			found = append(found, query{where: filepath.Base(page), text: promql, expr: expr})
		}
		for _, m := range regexp.MustCompile("(?s)\n```promql\n(.*?)\n```").FindAllSubmatch(text, -1) {
			add(string(m[1]))
		}
		for _, m := range regexp.MustCompile("(?s)\n```yaml\n(groups:.*?)\n```").FindAllSubmatch(text, -1) {
			var file struct{ Groups []struct{ Rules []rule } }
			require.NoError(t, yaml.Unmarshal(m[1], &file))
			for _, group := range file.Groups {
				for _, r := range group.Rules {
					add(r.Expr)
				}
			}
		}
	}
	require.Greater(t, len(found), 20, "the queries of the pages")
	return found
}
