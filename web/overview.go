package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/version"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

// overview is the page of all targets.
type overview struct {
	frame
	tally
	Filter filter
	// LabelNames are the names of all labels of the targets, sorted.
	LabelNames []string
	// Groups are the groups on this page. Matching counts the targets on all pages.
	Groups   []*group
	Matching int
	Page     int
	Pages    int
	// Advice says what may be wrong with a search without results.
	Advice []string
	Self   self
	// ConfigFile is the name of the configuration. CanReload means that POST /-/reload loads it. Both are for a prober
	// without targets.
	ConfigFile string
	CanReload  bool
	// Grafana leads to the dashboard of all targets. It is empty without a Grafana.
	Grafana string
}

// self is the state of the prober itself. Own and Held are sums over all targets since the start.
type self struct {
	numbers.Self
	Own, Held uint64
	// Troubled is the number of targets with trouble of the prober's own now.
	Troubled uint64
	// Discoveries counts the discoveries with an error or with targets that they no longer find.
	Discoveries int
}

// Well reports whether the prober has no problem.
func (s *self) Well() bool {
	return s.Troubled == 0 && !s.ReloadFailed && len(s.WrongFiles()) == 0 && s.Discoveries == 0
}

// FirstWrongFiles returns the files of targets with a mistake, as many as a page has room for.
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
	o.ConfigFile, o.CanReload = s.opts.ConfigFile, s.opts.EnableLifecycle
	o.Grafana = s.grafanaLink(overviewDashboard, "")
	o.Self.Self, o.Self.Discoveries = s.opts.Manager.Self(), s.troubledDiscoveries()
	o.drawStrips(s.opts.Manager.Bursts)
	return o
}

// drawStrips draws the last bursts of each target with all its figures.
func (o *overview) drawStrips(burstsOf func(name string) []numbers.Burst) {
	for _, g := range o.Groups {
		for i := range g.Rows {
			g.Rows[i].Strip = chart.Strip(burstsOf(g.Rows[i].Name))
		}
	}
}

// newOverview counts all rows and chooses the ones on a page.
func newOverview(rows []row, f filter, page int) *overview {
	o := &overview{tally: count(rows), Filter: f, LabelNames: labelNames(rows, f.Group)}
	for i := range rows {
		o.Self.Own += rows[i].Snapshot.Own()
		o.Self.Held += rows[i].Dropped.Held()
		if len(rows[i].Own) > 0 {
			o.Self.Troubled++
		}
	}
	matching := f.choose(rows)
	o.Matching = len(matching)
	if o.Matching == 0 {
		o.Advice = parseSearch(f.Text).advice(o.LabelNames)
	}
	groups := groupRows(matching, f.Group)
	briefly := o.Matching > fullUpTo
	fold(groups, f, briefly)
	o.Groups, o.Page, o.Pages = paginate(groups, briefly, page)
	for _, g := range o.Groups {
		for i := range g.Rows {
			r := &g.Rows[i]
			r.Chips, r.MoreLabels = rowChips(r.Labels, f.Group)
		}
	}
	return o
}

// labelNames returns the names of the labels of rows, and of the label of the grouping, sorted.
func labelNames(rows []row, group string) []string {
	names := map[string]bool{}
	for i := range rows {
		for name := range rows[i].Labels {
			names[name] = true
		}
	}
	if group != "" {
		names[group] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// GroupChoices returns the labels for the choice of a grouping. Of very many labels it returns the first.
func (o *overview) GroupChoices() []string {
	const most = 100
	names := o.LabelNames
	if len(names) <= most {
		return names
	}
	names = slices.Clone(names[:most])
	if g := o.Filter.Group; g != "" && !slices.Contains(names, g) {
		names = append(names, g)
	}
	return names
}

// PageLink returns the query for another page of the same targets.
func (o *overview) PageLink(page int) string { return "?" + o.Filter.query(page).Encode() }

// Previous is the number of the page before this one.
func (o *overview) Previous() int { return o.Page - 1 }

// Next is the number of the page after this one.
func (o *overview) Next() int { return o.Page + 1 }

// StateLink returns the query for all targets in a state.
func (o *overview) StateLink(s state) string {
	return filter{State: s.String(), Group: o.Filter.Group}.link()
}

// RangeLink returns the query for all targets with failures in a range of codes.
func (o *overview) RangeLink(r errcode.Range) string {
	return filter{Range: r.String(), Group: o.Filter.Group}.link()
}

// OpenLink returns the link for unfolding a group.
func (o *overview) OpenLink(g *group) string {
	f := o.Filter
	f.Open = g.Key
	if f.Open == "" { // the group of the targets without the label has no name of its own
		f.Open = everyGroup
	}
	return f.link() + "#" + g.ID()
}

// FoldLink returns the link for folding all groups without trouble.
func (o *overview) FoldLink() string {
	f := o.Filter
	f.Open = ""
	return f.link()
}

// GroupTerm returns the search for the targets of a group. It is the heading of the group. A group without a key has
// the targets without the label.
func (o *overview) GroupTerm(g *group) string {
	if g.Key == "" {
		return "without " + o.Filter.Group
	}
	return shortened(o.Filter.Group+"="+g.Key, longestHeading)
}

// GroupLink returns the query for the targets of one group, or "" if no search finds them.
func (o *overview) GroupLink(g *group) string {
	t := labelTerm(o.Filter.Group, g.Key)
	if t == "" {
		return ""
	}
	return filter{Text: t}.link()
}

// AllLink returns the link to all targets, grouped as they are.
func (o *overview) AllLink() string { return filter{Group: o.Filter.Group}.link() }

// HasBrief reports whether the page shows some targets by name only.
func (o *overview) HasBrief() bool {
	return slices.ContainsFunc(o.Groups, func(g *group) bool { return len(g.Brief) > 0 })
}

// AllStates lists the states in the order of tally.States.
func (*overview) AllStates() []state { return []state{failing, troubled, waiting, ok} }

// Shown says which targets the page shows, "" if it shows all.
func (o *overview) Shown() string {
	var all []string
	if o.Filter.Hides() {
		all = append(all, fmt.Sprintf("%s of %s %s.", chart.Number(uint64(o.Matching)), chart.Plural(o.Targets, "target"), o.Filter.words()))
	}
	if o.Pages > 1 {
		all = append(all, fmt.Sprintf("Page %d of %d. Targets with problems come first.", o.Page, o.Pages))
	}
	return strings.Join(all, " ")
}

// frame holds the common parts of all pages.
type frame struct {
	Title   string
	Now     time.Time
	Version string
	// Metrics is the telemetry path.
	Metrics string
	// Here is the part of the program that the page belongs to.
	Here string
	// Discovers is set if there are discoveries. HasPeers is set if there are other probers.
	Discovers, HasPeers bool
}

// IsLive reports whether the page changes, so a browser is to ask for it again.
func (f frame) IsLive() bool { return f.Here == "targets" || f.Here == "peers" }

func (s *Shell) frame(now time.Time) frame {
	return frame{
		Now: now, Version: version.Version, Metrics: s.path(s.opts.TelemetryPath), Here: "targets",
		Discovers: s.opts.Discoveries != nil && !s.opts.Discoveries.IsEmpty(), HasPeers: !s.opts.Peers.IsEmpty(),
	}
}
