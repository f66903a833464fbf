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
	// LabelNames are those of the labels that targets have, by name.
	LabelNames []string
	// Groups are those of this page, Matching is how many targets there are on all pages.
	Groups   []*group
	Matching int
	Page     int
	Pages    int
	// Advice says what may be wrong with a search that found nothing.
	Advice []string
	Self   self
	// ConfigFile is the name of the configuration, and CanReload means that POST /-/reload
	// loads it, for a prober without targets.
	ConfigFile string
	CanReload  bool
	// Grafana leads to the dashboard of all targets; it is empty without one.
	Grafana string
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
	o.ConfigFile, o.CanReload = s.opts.ConfigFile, s.opts.EnableLifecycle
	o.Grafana = s.grafanaLink(overviewDashboard, "")
	o.Self.Self, o.Self.Discoveries = s.opts.Manager.Self(), s.troubledDiscoveries()
	o.drawStrips(s.opts.Manager.Bursts)
	return o
}

// drawStrips draws the last bursts of each target that the page shows in full.
func (o *overview) drawStrips(burstsOf func(name string) []numbers.Burst) {
	for _, g := range o.Groups {
		for i := range g.Rows {
			g.Rows[i].Strip = chart.Strip(burstsOf(g.Rows[i].Name))
		}
	}
}

// newOverview chooses what of rows a page shows, and counts all of them.
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

// labelNames returns the names of the labels that rows have, sorted, and that of the label
// that the page groups by.
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

// GroupChoices returns the labels that the page offers to group by: of very many the first.
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

// PageLink returns the query that leads to another page of the same targets.
func (o *overview) PageLink(page int) string { return "?" + o.Filter.query(page).Encode() }

// Previous is the number of the page before this one.
func (o *overview) Previous() int { return o.Page - 1 }

// Next is the number of the page after this one.
func (o *overview) Next() int { return o.Page + 1 }

// StateLink returns the query that leads to all targets in a state.
func (o *overview) StateLink(s state) string {
	return filter{State: s.String(), Group: o.Filter.Group}.link()
}

// RangeLink returns the query that leads to all targets that fail in a range of codes.
func (o *overview) RangeLink(r errcode.Range) string {
	return filter{Range: r.String(), Group: o.Filter.Group}.link()
}

// OpenLink returns the link that shows the targets of a folded group.
func (o *overview) OpenLink(g *group) string {
	f := o.Filter
	f.Open = g.Key
	if f.Open == "" { // the group of the targets without the label has no name of its own
		f.Open = everyGroup
	}
	return f.link() + "#" + g.ID()
}

// FoldLink returns the link that folds all groups in which all is well.
func (o *overview) FoldLink() string {
	f := o.Filter
	f.Open = ""
	return f.link()
}

// GroupTerm returns the search for the targets of a group, as its heading; without a label
// the group is that of the targets that do not have it.
func (o *overview) GroupTerm(g *group) string {
	if g.Key == "" {
		return "without " + o.Filter.Group
	}
	return shortened(o.Filter.Group+"="+g.Key, longestHeading)
}

// GroupLink returns the query that leads to the targets of a group alone, "" if no search
// finds them.
func (o *overview) GroupLink(g *group) string {
	t := labelTerm(o.Filter.Group, g.Key)
	if t == "" {
		return ""
	}
	return filter{Text: t}.link()
}

// AllLink returns the link to all targets, grouped as they are.
func (o *overview) AllLink() string { return filter{Group: o.Filter.Group}.link() }

// HasBrief reports whether targets of this page are only named.
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

// frame is what all pages have in common.
type frame struct {
	Title   string
	Now     time.Time
	Version string
	// Metrics is the telemetry path.
	Metrics string
	// Here is the part of the program that the page belongs to.
	Here string
	// Discovers is set if there are discoveries, HasPeers if there are other probers.
	Discovers, HasPeers bool
}

// IsLive reports whether the page shows what changes, so that a browser is to ask for it again.
func (f frame) IsLive() bool { return f.Here == "targets" || f.Here == "peers" }

func (s *Shell) frame(now time.Time) frame {
	return frame{
		Now: now, Version: version.Version, Metrics: s.path(s.opts.TelemetryPath), Here: "targets",
		Discovers: s.opts.Discoveries != nil && !s.opts.Discoveries.IsEmpty(), HasPeers: !s.opts.Peers.IsEmpty(),
	}
}
