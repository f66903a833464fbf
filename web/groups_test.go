package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// snapshots returns n targets of ten teams. Every nth of them fails.
func snapshots(n, nth int, now time.Time) []numbers.Snapshot {
	all := make([]numbers.Snapshot, n)
	for i := range all {
		all[i].About = numbers.About{
			Name: fmt.Sprintf("target-%05d", i), URL: "https://h/x", Interval: time.Hour,
			Labels: map[string]string{"team": fmt.Sprintf("team %d", i%10), "env": "staging"},
		}
		all[i].Bursts, all[i].LastStart, all[i].Last = 1, now, &numbers.Burst{Requests: 3, P99: time.Millisecond}
		if i%nth == nth-1 {
			all[i].FailingSince = now
			all[i].Trouble = []numbers.FailureKind{{Code: errcode.Refused, Count: 1}}
		}
	}
	return all
}

// shownOn counts the targets on a page: shown in full, and by name alone.
func shownOn(o *overview) (full, brief int) {
	for _, g := range o.Groups {
		full += len(g.Rows)
		brief += len(g.Brief)
	}
	return full, brief
}

func TestTargetsThatAreWellAreFolded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	rows := rowsByTrouble(snapshots(200, 10, now), now)
	for name, test := range map[string]struct {
		filter             filter
		groups, folded     int
		full, brief, match int
	}{
		"by state":                  {filter{}, 2, 1, 20, 0, 200},
		"by state, unfolded":        {filter{Open: "ok"}, 2, 0, 20, 180, 200},
		"all unfolded":              {filter{Open: everyGroup}, 2, 0, 20, 180, 200},
		"one state alone":           {filter{State: "ok"}, 1, 0, 0, 180, 180},
		"by team":                   {filter{Group: "team"}, 10, 9, 20, 0, 200},
		"by team, one unfolded":     {filter{Group: "team", Open: "team 3"}, 10, 8, 20, 20, 200},
		"one team that is well":     {filter{Text: `team="team 3"`, Group: "team"}, 1, 0, 20, 0, 20},
		"few that a search found":   {filter{Text: "target-0000"}, 2, 0, 10, 0, 10},
		"by a label that none has":  {filter{Group: "nothing"}, 1, 1, 20, 0, 200},
		"by a label that all share": {filter{Group: "env", Open: "staging"}, 1, 0, 20, 180, 200},
	} {
		o := newOverview(rows, test.filter, 1)
		folded := 0
		for _, g := range o.Groups {
			if g.Folded {
				folded++
				assert.Positive(t, g.Well(), name)
			}
		}
		full, brief := shownOn(o)
		assert.Equal(t, []int{test.groups, test.folded, test.full, test.brief, test.match, 1}, []int{len(o.Groups), folded, full, brief, o.Matching, o.Pages}, name)
	}
}

func TestTheGroupWithMostFailuresComesFirstAndCountsItsTargets(t *testing.T) {
	t.Parallel()
	now := time.Now()
	all := snapshots(40, 7, now)
	delete(all[5].Labels, "team")
	o := newOverview(rowsByTrouble(all, now), filter{Group: "team"}, 1)
	var headings []string
	for _, g := range o.Groups {
		headings = append(headings, o.GroupTerm(g)+": "+g.Summary())
	}
	assert.Equal(t, []string{
		"team=team 0: 1 failing, 3 OK", "team=team 3: 1 failing, 3 OK", "team=team 4: 1 failing, 3 OK", "team=team 6: 1 failing, 3 OK", "team=team 7: 1 failing, 3 OK",
		"team=team 1: 4 OK", "team=team 2: 4 OK", "team=team 5: 3 OK", "team=team 8: 4 OK", "team=team 9: 4 OK", "without team: 1 OK",
	}, headings)
	for _, g := range o.Groups {
		link := o.GroupLink(g)
		require.NotEmpty(t, link)
		assert.Equal(t, g.Count, newOverview(rowsByTrouble(all, now), readFilter(queryOf(t, link)), 1).Matching, link)
	}
}

func TestPagesAreBoundedAndHaveEveryTargetOnce(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, test := range map[string]struct {
		nth, pages int
		filter     filter
	}{
		"all fail":                   {1, 13, filter{}},
		"one in ten fails":           {10, 5, filter{Open: everyGroup}},
		"one in ten fails, by team":  {10, 5, filter{Group: "team", Open: everyGroup}},
		"none fails":                 {1001, 4, filter{}},
		"none fails, by team":        {1001, 4, filter{Group: "team", Open: everyGroup}},
		"none fails, by team folded": {1001, 1, filter{Group: "team"}},
	} {
		rows := rowsByTrouble(snapshots(1000, test.nth, now), now)
		seen := map[string]int{}
		for page := 1; ; page++ {
			o := newOverview(rows, test.filter, page)
			require.Equal(t, test.pages, o.Pages, name)
			full, brief := shownOn(o)
			assert.LessOrEqual(t, full*fullCost+brief, pageRoom, name)
			for _, g := range o.Groups {
				for _, r := range append(g.Rows, g.Brief...) {
					seen[r.Name]++
				}
			}
			if page == o.Pages {
				break
			}
		}
		if test.filter.Open == everyGroup || test.nth == 1 {
			assert.Len(t, seen, 1000, name)
		}
		for target, times := range seen {
			assert.Equal(t, 1, times, "%s: %s", name, target)
		}
		assert.Equal(t, test.pages, newOverview(rows, test.filter, 99).Page, "beyond the end is the end")
	}
	assert.Empty(t, newOverview(nil, filter{}, 1).Groups)
}

func TestFewTargetsAreAllShownInFull(t *testing.T) {
	t.Parallel()
	now := time.Now()
	o := newOverview(rowsByTrouble(snapshots(fullUpTo, 4, now), now), filter{Open: "ok"}, 1)
	full, brief := shownOn(o)
	assert.Equal(t, []int{fullUpTo, 0}, []int{full, brief})
}

func TestARowShowsTheFirstOfItsLabels(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"b": "2", "a": strings.Repeat("ä", 100), "c": `say "hi"`, "d": "with space", "e": "5", "f": "6", "team": "shop"}
	chips, more := rowChips(labels, "team")
	require.Len(t, chips, mostChips)
	assert.Equal(t, 2, more)
	assert.Equal(t, "a="+strings.Repeat("ä", 29)+"…", chips[0].Text)
	assert.Empty(t, chips[0].Link, "it is too long for a search")
	assert.Equal(t, chip{Text: "b=2", Link: "?group=team&q=b%3D2"}, chips[1])
	assert.Empty(t, chips[2].Link, "a search cannot hold a double quote")
	assert.Equal(t, "?group=team&q=d%3D%22with+space%22", chips[3].Link)
	assert.Len(t, allChips(labels), len(labels))
}
