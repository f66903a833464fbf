package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/version"

	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

// perPage is how many targets the overview shows at once.
const perPage = 100

// overview is the page of all targets.
type overview struct {
	frame
	tally
	Filter filter
	// Groups are the targets of this page, Matching how many there are on all pages.
	Groups   []group
	Matching int
	Page     int
	Pages    int
	Self     self
}

// group is the targets of one page that are in the same state.
type group struct {
	State state
	Total int // on all pages
	Rows  []shownRow
}

type shownRow struct {
	row
	Strip *chart.Chart
}

// self is how the prober itself does. Own and Held are sums over all targets since
// the start.
type self struct {
	numbers.Self
	Own, Held uint64
	// Troubled is how many targets it has trouble with now.
	Troubled uint64
	// Discoveries is how many of them fail, or keep targets that they find no more.
	Discoveries int
}

// Well tells that there is nothing to say about the prober.
func (s *self) Well() bool {
	return s.Troubled == 0 && !s.ReloadFailed && len(s.WrongFiles()) == 0 && s.Discoveries == 0
}

// FirstWrongFiles returns as many of the files of targets with a mistake as a page has room for.
func (s *self) FirstWrongFiles() []numbers.TargetFile {
	const most = 20
	files := s.WrongFiles()
	return files[:min(len(files), most)]
}

func (s *Shell) overview(w http.ResponseWriter, r *http.Request) {
	f, number := readFilter(r.URL.Query()), pageNumber(r.URL.Query())
	key := "overview?" + f.query(number).Encode()
	s.page(w, r, key, func() ([]byte, error) {
		return s.draw("overview", s.newOverview(f, number, time.Now()))
	})
}

func (s *Shell) newOverview(f filter, page int, now time.Time) *overview {
	o := newOverview(rowsByTrouble(s.opts.Manager.Targets(), now), f, page)
	o.frame = s.frame(now)
	o.Title = o.Verdict()
	o.Self.Self, o.Self.Discoveries = s.opts.Manager.Self(), s.troubledDiscoveries()
	for _, g := range o.Groups {
		for i := range g.Rows {
			g.Rows[i].Strip = chart.Strip(s.opts.Manager.Bursts(g.Rows[i].Name))
		}
	}
	return o
}

// newOverview chooses what of rows a page shows, and counts all of them.
func newOverview(rows []row, f filter, page int) *overview {
	o := &overview{tally: count(rows), Filter: f}
	for i := range rows {
		o.Self.Own += rows[i].Snapshot.Own()
		o.Self.Held += rows[i].Dropped.Held()
		if len(rows[i].Own) > 0 {
			o.Self.Troubled++
		}
	}
	matching := slices.DeleteFunc(rows, func(r row) bool { return !f.matches(&r) })
	o.Matching = len(matching)
	o.Pages = max(1, (len(matching)+perPage-1)/perPage)
	o.Page = min(page, o.Pages)
	first := (o.Page - 1) * perPage
	totals := count(matching).States
	for _, r := range matching[first:min(first+perPage, len(matching))] {
		if n := len(o.Groups); n == 0 || o.Groups[n-1].State != r.State {
			o.Groups = append(o.Groups, group{State: r.State, Total: totals[r.State]})
		}
		g := &o.Groups[len(o.Groups)-1]
		g.Rows = append(g.Rows, shownRow{row: r})
	}
	return o
}

func readFilter(q url.Values) filter {
	const longest = 256
	text := q.Get("q")
	return filter{Text: text[:min(len(text), longest)], State: known(q.Get("state"), isState), Range: known(q.Get("range"), isRange)}
}

// known returns value if it is one that the program knows.
func known(value string, is func(string) bool) string {
	if !is(value) {
		return ""
	}
	return value
}

func isState(name string) bool {
	for s := range state(numStates) {
		if s.String() == name {
			return true
		}
	}
	return false
}

func pageNumber(q url.Values) int {
	n, err := strconv.Atoi(q.Get("page"))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, 1_000_000)
}

// query returns the parameters that lead to a page of what f lets through.
func (f filter) query(page int) url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Text, "state": f.State, "range": f.Range} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	return q
}

// PageLink returns the query that leads to another page of the same targets.
func (o *overview) PageLink(page int) string { return "?" + o.Filter.query(page).Encode() }

// Previous is the number of the page before this one.
func (o *overview) Previous() int { return o.Page - 1 }

// Next is the number of the page after this one.
func (o *overview) Next() int { return o.Page + 1 }

// AllStates lists the states in the order of tally.States.
func (*overview) AllStates() []state { return []state{failing, troubled, waiting, ok} }

// IsFiltered reports whether targets may be hidden.
func (o *overview) IsFiltered() bool { return o.Filter != filter{} }

// frame is what all pages have in common.
type frame struct {
	Title   string
	Now     time.Time
	Version string
	// Metrics is the telemetry path.
	Metrics string
	// Here is the part of the program that the page belongs to.
	Here string
	// Discovers is set if there are discoveries.
	Discovers bool
}

func (s *Shell) frame(now time.Time) frame {
	return frame{Now: now, Version: version.Version, Metrics: s.path(s.opts.TelemetryPath), Here: "targets", Discovers: s.opts.Discoveries != nil && !s.opts.Discoveries.IsEmpty()}
}
