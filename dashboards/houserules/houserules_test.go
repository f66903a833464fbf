package houserules

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
)

func TestEveryMetricExistsWithItsLabels(t *testing.T) {
	known := catalogue(t)
	for _, q := range queries(t) {
		selectors(q.expr, func(s *parser.VectorSelector, _ []parser.Node) {
			m, suffix, ok := look(known, s.Name)
			if !assert.True(t, ok, "%s: no metric is %s", q.where, s.Name) {
				return
			}
			for _, matcher := range s.LabelMatchers {
				assert.True(t, m.has(matcher.Name) || suffix == "_bucket" && matcher.Name == "le", "%s: %s has no label %s", q.where, s.Name, matcher.Name)
			}
		})
	}
}

// TestEveryGroupingIsByALabelThatIsThere looks at the labels of the operands of an aggregation, or of a match of two
// vectors.
func TestEveryGroupingIsByALabelThatIsThere(t *testing.T) {
	known := catalogue(t)
	for _, q := range queries(t) {
		parser.Inspect(q.expr, func(n parser.Node, _ []parser.Node) error {
			var names []string
			switch n := n.(type) {
			case *parser.AggregateExpr:
				if !n.Without {
					names = n.Grouping
				}
			case *parser.BinaryExpr:
				if n.VectorMatching != nil {
					names = slices.Concat(n.VectorMatching.Include)
					if n.VectorMatching.On {
						names = slices.Concat(names, n.VectorMatching.MatchingLabels)
					}
				}
			}
			for _, name := range names {
				assert.True(t, carries(known, n, name), "%s: nothing in %s has the label %s", q.where, n, name)
			}
			return nil
		})
	}
}

// carries reports whether a selector below n may have a label, or n makes it.
func carries(known map[string]metric, n parser.Node, label string) bool {
	found := false
	parser.Inspect(n, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			m, suffix, _ := look(known, n.Name)
			found = found || m.has(label) || suffix == "_bucket" && label == "le"
		case *parser.AggregateExpr:
			made, ok := n.Param.(*parser.StringLiteral)
			found = found || ok && made.Val == label
		case *parser.Call:
			if n.Func.Name == "label_replace" {
				made, ok := n.Args[1].(*parser.StringLiteral)
				found = found || ok && made.Val == label
			}
		}
		return nil
	})
	return found
}

func TestCountersAreReadByWhatTheyGrow(t *testing.T) {
	known := catalogue(t)
	for _, q := range queries(t) {
		selectors(q.expr, func(s *parser.VectorSelector, around []parser.Node) {
			m, _, _ := look(known, s.Name)
			grows := m.kind == "counter" || m.kind == "histogram"
			switch f := function(around); {
			case slices.Contains([]string{"rate", "increase", "irate", "resets"}, f):
				assert.True(t, grows, "%s: %s of %s, which is a %s", q.where, f, s.Name, m.kind)
			case slices.Contains([]string{"count", "absent"}, f), q.where == "ProberOwnTrouble":
				// The existence of a series does not depend on its value. ProberOwnTrouble asks for new series: they have grown
				// before their first scrape.
			default:
				assert.False(t, grows, "%s: %s, which is a %s, outside rate and increase", q.where, s.Name, m.kind)
			}
		})
	}
}

// function returns the name of the function or aggregation with a selector as its argument.
func function(around []parser.Node) string {
	for _, n := range slices.Backward(around) {
		switch n := n.(type) {
		case *parser.MatrixSelector, *parser.StepInvariantExpr, *parser.ParenExpr:
		case *parser.Call:
			return n.Func.Name
		case *parser.AggregateExpr:
			return n.Op.String()
		default:
			return ""
		}
	}
	return ""
}

func TestHistogramsAreReadHoweverTheyAreStored(t *testing.T) {
	known := catalogue(t)
	for _, q := range queries(t) {
		classic, native := map[string]bool{}, map[string]bool{}
		selectors(q.expr, func(s *parser.VectorSelector, around []parser.Node) {
			m, suffix, _ := look(known, s.Name)
			if m.kind != "histogram" {
				return
			}
			base := strings.TrimSuffix(s.Name, suffix)
			if suffix == "" {
				native[base] = true
			} else {
				classic[base] = true
			}
			assertQuantile(t, q, around, suffix)
		})
		assert.Equal(t, classic, native, "%s: which histograms are read as classic and as native ones", q.where)
	}
}

// assertQuantile looks at the nodes between a selector and its quantile. None may mix the two kinds of buckets, or lose
// the buckets.
func assertQuantile(t *testing.T, q query, around []parser.Node, suffix string) {
	t.Helper()
	inside := false
	for _, n := range around {
		switch n := n.(type) {
		case *parser.Call:
			inside = inside || n.Func.Name == "histogram_quantile"
			if n.Func.Name == "histogram_quantile" {
				assert.Contains(t, []string{"", "_bucket"}, suffix, q.where)
			}
		case *parser.BinaryExpr:
			assert.False(t, inside, "%s: %s belongs outside histogram_quantile", q.where, n.Op)
		case *parser.AggregateExpr:
			if inside && suffix == "_bucket" {
				assert.NotEqual(t, n.Without, slices.Contains(n.Grouping, "le"), "%s: %s loses le", q.where, n)
			}
		}
	}
}

func TestOwnTroubleCountsInNoRatio(t *testing.T) {
	known := catalogue(t)
	for _, q := range queries(t) {
		parser.Inspect(q.expr, func(n parser.Node, _ []parser.Node) error {
			switch n := n.(type) {
			case *parser.BinaryExpr:
				if n.Op == parser.DIV && len(byCode(known, n.LHS)) > 0 && len(byCode(known, n.RHS)) > 0 {
					assertWithoutOwnTrouble(t, q, byCode(known, n))
				}
			case *parser.Call:
				if n.Func.Name == "histogram_quantile" {
					assertWithoutOwnTrouble(t, q, byCode(known, n))
				}
			}
			return nil
		})
	}
}

// byCode returns the selectors of metrics that count requests by error code.
func byCode(known map[string]metric, n parser.Node) []*parser.VectorSelector {
	var found []*parser.VectorSelector
	parser.Inspect(n, func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			if m, _, _ := look(known, s.Name); m.kind != "gauge" && m.labels["error_code"] {
				found = append(found, s)
			}
		}
		return nil
	})
	return found
}

func assertWithoutOwnTrouble(t *testing.T, q query, found []*parser.VectorSelector) {
	t.Helper()
	for _, s := range found {
		for code := 1001; code <= 1007; code++ {
			excluded := slices.ContainsFunc(s.LabelMatchers, func(m *labels.Matcher) bool {
				return m.Name == "error_code" && !m.Matches(strconv.Itoa(code))
			})
			assert.True(t, excluded, "%s: %s counts %d in a ratio", q.where, s, code)
		}
	}
}

func TestEveryPanelSaysWhatItShows(t *testing.T) {
	for _, d := range dashboards(t) {
		for _, p := range d.panels() {
			where := d.file + ": " + p.Title
			assert.NotEmpty(t, p.Title, "%s: a panel without a title", d.file)
			assert.NotEmpty(t, p.Description, "%s has no description", where)
			if len(p.Targets) > 0 {
				assert.NotEmpty(t, p.FieldConfig.Defaults.Unit, "%s has no unit", where)
			}
		}
	}
}

func TestDashboardsHaveNoFixedWindows(t *testing.T) {
	window := regexp.MustCompile(`\[([^"\]]+)\]`) // not the classes of regular expressions, which are in quotes
	quoted := regexp.MustCompile(`"[^"]*"`)
	for _, d := range dashboards(t) {
		for _, q := range d.queries() {
			for _, m := range window.FindAllStringSubmatch(quoted.ReplaceAllString(q.text, `""`), -1) {
				assert.True(t, strings.HasPrefix(m[1], "$"), "%s: the window %s", q.where, m[1])
			}
		}
	}
}

func TestEveryAlertSaysWhatToDo(t *testing.T) {
	runbooks := string(read(t, "../../docs/runbooks.md"))
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		for _, name := range []string{"summary", "description", "runbook_url", "dashboard_url"} {
			assert.NotEmpty(t, r.Annotations[name], "%s: %s", r.Alert, name)
		}
		_, section, _ := strings.Cut(r.Annotations["runbook_url"], "runbooks.md#")
		assert.Equal(t, strings.ToLower(r.Alert), section)
		assert.Contains(t, runbooks, "\n## "+r.Alert+"\n")
	}
}
