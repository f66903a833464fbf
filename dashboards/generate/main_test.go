package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/dashboards/rules"
	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
)

func TestTheFilesAreWhatTheDescriptionSays(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../*.json")
	require.NoError(t, err)
	assert.Len(t, files, len(dashboards(rules.Default())))
	for name, d := range dashboards(rules.Default()) {
		want, err := d.encode()
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		assert.Empty(t, rig.Differing(string(want), string(got)), "%s; go generate ./dashboards writes it", name)
	}
}

func TestDashboardsCanBeProvisionedAndFindEachOther(t *testing.T) {
	t.Parallel()
	uids := map[string]bool{}
	for name, d := range dashboards(rules.Default()) {
		uids[d.UID] = true
		assert.False(t, d.Editable, name)
		assert.Equal(t, []string{"prober"}, d.Tags, name)
		require.Len(t, d.Links, 1, name)
		assert.Equal(t, d.Tags, d.Links[0].Tags, name)
		text, err := d.encode()
		require.NoError(t, err)
		assert.NotContains(t, string(text), "__inputs", name)
	}
	assert.Equal(t, map[string]bool{overviewUID: true, targetUID: true, proberUID: true, locationsUID: true}, uids)
}

func TestEveryPanelSaysWhatItShows(t *testing.T) {
	t.Parallel()
	for name, d := range dashboards(rules.Default()) {
		for i, p := range d.Panels {
			assert.Equal(t, i+1, p.ID, name)
			assert.NotEmpty(t, p.Title, "%s, panel %d", name, p.ID)
			if p.Type == "row" {
				continue
			}
			assert.Regexp(t, `^[A-Z].*\.$`, p.Description, "%s: %s", name, p.Title)
			assert.NotEmpty(t, p.FieldConfig.Defaults.Unit, "%s: %s", name, p.Title)
			assert.NotEmpty(t, p.Targets, "%s: %s", name, p.Title)
			for k, q := range p.Targets {
				assert.Equal(t, string(rune('A'+k)), q.RefID, "%s: %s", name, p.Title)
			}
		}
	}
}

func TestPanelsFillTheGridAndDoNotOverlap(t *testing.T) {
	t.Parallel()
	for name, d := range dashboards(rules.Default()) {
		taken := map[[2]int]string{}
		bottom := 0
		for _, p := range d.Panels {
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					assert.Empty(t, taken[[2]int{x, y}], "%s: below %s", name, p.Title)
					assert.Less(t, x, gridWidth, "%s: %s", name, p.Title)
					taken[[2]int{x, y}] = p.Title
					bottom = max(bottom, y+1)
				}
			}
		}
		assert.Len(t, taken, gridWidth*bottom, "%s has a hole", name)
	}
}

func TestQueriesHaveNoWindowsOfTheirOwn(t *testing.T) {
	t.Parallel()
	windows := regexp.MustCompile(`\[([^\]]*)\]`)
	for name, q := range queries() {
		// A value at the end of the time shown is the same at each step.
		expr := strings.NewReplacer("100[1-7]", "", atEnd, "").Replace(q.Expr)
		for _, w := range windows.FindAllStringSubmatch(expr, -1) {
			assert.Contains(t, []string{recent, shown}, w[1], name)
			// Without a step of its own, a rate would see half a burst or none.
			assert.Equal(t, w[1] == recent, slices.Contains([]string{absoluteWindow, ratioWindow}, q.Interval), name)
		}
	}
}

func TestQueriesUseOnlyVariablesThatThereAre(t *testing.T) {
	t.Parallel()
	known := []string{"__rate_interval", "__range"}
	for _, v := range variables(rules.Default(), true) {
		known = append(known, v.Name)
	}
	for name, q := range queries() {
		for _, m := range regexp.MustCompile(`\$\{?(\w+)`).FindAllStringSubmatch(q.Expr+q.Interval+q.LegendFormat, -1) {
			assert.Contains(t, known, m[1], name)
		}
	}
}

// queries returns the queries of all panels.
func queries() map[string]target {
	all := map[string]target{}
	for name, d := range dashboards(rules.Default()) {
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				all[name+": "+p.Title+" "+q.RefID] = q
			}
		}
	}
	return all
}

func TestOwnTroubleIsThatOfTheTable(t *testing.T) {
	t.Parallel()
	value := regexp.MustCompile(`^error_code=~"(.*)"$`).FindStringSubmatch(own)
	require.NotNil(t, value)
	matcher := regexp.MustCompile("^(?:" + value[1] + ")$")
	for code := range errcode.All() {
		assert.Equal(t, code.IsLocal(), matcher.MatchString(code.String()), code)
	}
}

func TestEveryRangeHasItsColor(t *testing.T) {
	t.Parallel()
	colors := map[string]bool{}
	for _, r := range ranges() {
		colors[rangeColor(r)] = true
	}
	assert.NotContains(t, colors, "")
	assert.Len(t, colors, len(ranges()))
}
