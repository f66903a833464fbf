package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
	"example.com/prober/web/peers"
)

// A page of several probers has room for peerCells of their targets. It has at least leastRows and at most mostRows
// rows, however many probers there are.
const (
	peerCells = 180
	leastRows = 3
	mostRows  = 60
	// giveWayEvery is the number of targets between two pauses for due goroutines.
	giveWayEvery = 256
)

// peersPage shows the targets of this prober and of others, side by side.
type peersPage struct {
	frame
	Filter filter
	fleetTally
	// Columns are the probers, this one first.
	Columns     []*column
	Rows        []*peerRow
	Matching    int
	Page, Pages int
	Advice      []string
}

// column is one prober.
type column struct {
	*peers.Answer
	// IsSelf is set for this prober.
	IsSelf bool
	// Failing counts the failing targets in its last list.
	Failing int
}

// Short returns its name, cut.
func (c *column) Short() string {
	const longest = 32
	return shortened(c.Name, longest)
}

// Missing says since when a prober that is down gives no list. The text is the end of a sentence.
func (c *column) Missing() string {
	if c.HasAnswered {
		return "has given no list of targets since"
	}
	return "has not answered since"
}

// Beyond returns the number of its targets missing from its list.
func (c *column) Beyond() int { return c.Total - len(c.Targets) }

// Count returns the number of its targets.
func (c *column) Count() uint64 { return uint64(max(c.Total, 0)) }

// peerRow is one target on all probers.
type peerRow struct {
	Name  string
	State fleetState
	// Link leads to its page on the first prober that runs it.
	Link  string
	Cells []peerCell

	targets []*peers.Target
}

// peerCell is one target on one prober. Target is nil if the prober does not run it.
type peerCell struct {
	*peers.Target
	Of *column
	// Link leads to its page on this prober.
	Link string
}

// State returns the state as a page shows it.
func (c peerCell) State() state { return state(c.Target.State) }

func (s *Shell) peers(w http.ResponseWriter, r *http.Request) {
	f, number := readPeersFilter(r.URL.Query()), pageNumber(r.URL.Query())
	key := "peers?" + f.query(number).Encode()
	s.page(w, r, key, func() ([]byte, error) {
		return s.draw("peers", s.newPeersPage(f, number, time.Now()))
	})
}

// readPeersFilter reads the parameters q and state.
func readPeersFilter(q url.Values) filter {
	return filter{Text: cut(q.Get("q")), State: known(q.Get("state"), isFleetState)}
}

func (s *Shell) newPeersPage(f filter, number int, now time.Time) *peersPage {
	p := newPeersPage(s.columns(now), f, number)
	p.frame = s.frame(now)
	p.Title, p.Here = p.Verdict(), "peers"
	for _, r := range p.Rows {
		s.link(r)
	}
	return p
}

// columns returns the known state of this prober and of the others.
func (s *Shell) columns(now time.Time) []*column {
	own := ownTargets(s.opts.Manager.Targets(), now)
	self := &column{IsSelf: true, Answer: &peers.Answer{
		Peer: peers.Peer{Name: s.opts.Peers.Name()}, Targets: own, Total: len(own), ReadAt: now,
	}}
	all := []*column{self}
	for _, a := range s.opts.Peers.Answers() {
		all = append(all, &column{Answer: a})
	}
	for _, c := range all {
		for i := range c.Targets {
			if c.Targets[i].State == peers.Failing {
				c.Failing++
			}
		}
	}
	return all
}

// ownTargets returns the targets of this prober by name, as the API gives them.
func ownTargets(all []numbers.Snapshot, now time.Time) []peers.Target {
	targets := make([]peers.Target, len(all))
	for i := range all {
		t := &all[i]
		own := peers.Target{Name: t.Name, State: peers.State(stateOf(t, now))}
		switch own.State {
		case peers.Failing:
			own.Code, own.Since = worst(t).Code, t.FailingSince
		case peers.Troubled:
			own.Since = t.TroubledSince
			if i := slices.IndexFunc(t.Trouble, func(k numbers.FailureKind) bool { return k.Code.IsOwn() }); i >= 0 {
				own.Code = t.Trouble[i].Code
			}
		}
		targets[i] = own
	}
	slices.SortFunc(targets, func(a, b peers.Target) int { return strings.Compare(a.Name, b.Name) })
	return targets
}

// newPeersPage goes through all targets twice: to count them, and to find the targets of the page.
func newPeersPage(columns []*column, f filter, number int) *peersPage {
	rows := max(leastRows, min(mostRows, peerCells/len(columns)))
	p := &peersPage{Columns: columns, Filter: f, fleetTally: newFleetTally(columns)}
	chosen := newChoice(columns, f)
	chosen.count(&p.fleetTally)
	p.Matching = chosen.matching()
	p.Pages = max(1, (p.Matching+rows-1)/rows)
	p.Page = min(number, p.Pages)
	p.Rows = chosen.window((p.Page-1)*rows, rows)
	if p.Matching == 0 {
		p.Advice = peersAdvice(f)
	}
	return p
}

// peersAdvice says what may be wrong with a search without results.
func peersAdvice(f filter) []string {
	s := parseSearch(f.Text)
	if slices.ContainsFunc(s, func(t term) bool { return t.label != "" }) {
		return []string{"This page knows the names and the codes of targets, and no labels. The page of each prober has the labels."}
	}
	return s.advice(nil)
}

// link sets the links of a row.
func (s *Shell) link(r *peerRow) {
	for i := range r.Cells {
		c := &r.Cells[i]
		switch {
		case c.Target == nil:
			continue
		case c.Of.IsSelf:
			c.Link = s.targetLink(r.Name)
		default:
			c.Link = c.Of.URL.String() + targetPath(r.Name)
		}
		if r.Link == "" {
			r.Link = c.Link
		}
	}
}

// hasAnyOf reports whether the target has one of the codes on some prober.
func (r *peerRow) hasAnyOf(codes map[errcode.Code]bool) bool {
	return slices.ContainsFunc(r.targets, func(t *peers.Target) bool { return t != nil && t.Code != errcode.OK && codes[t.Code] })
}

// labelled returns "", as the page knows no labels.
func (*peerRow) labelled(string) string { return "" }

// mentions looks at the name.
func (r *peerRow) mentions(word string) bool { return strings.Contains(strings.ToLower(r.Name), word) }

// PageLink leads to another page of the same targets.
func (p *peersPage) PageLink(page int) string { return "?" + p.Filter.query(page).Encode() }

// Previous returns the number of the previous page.
func (p *peersPage) Previous() int { return p.Page - 1 }

// Next returns the number of the next page.
func (p *peersPage) Next() int { return p.Page + 1 }

// AllStates lists the states in the order of fleetTally.States.
func (*peersPage) AllStates() []fleetState { return fleetStates() }

// StateLink returns the query for all targets in a state.
func (*peersPage) StateLink(s fleetState) string { return filter{State: s.String()}.link() }

// Down returns the first probers that are down.
func (p *peersPage) Down() (first []*column) {
	const most = 3
	all := p.down()
	return all[:min(most, len(all))]
}

// MoreDown returns how many further probers are down.
func (p *peersPage) MoreDown() int { return len(p.down()) - len(p.Down()) }

func (p *peersPage) down() (all []*column) {
	for _, c := range p.Columns {
		if c.IsDown() {
			all = append(all, c)
		}
	}
	return all
}

// Shown says which targets the page shows, "" if it shows all.
func (p *peersPage) Shown() string {
	var all []string
	if p.Filter.Hides() {
		var terms []string
		if p.Filter.Text != "" {
			terms = append(terms, "match “"+p.Filter.Text+"”")
		}
		if p.Filter.State != "" {
			terms = append(terms, "are in the state “"+fleetStateNamed(p.Filter.State).Words()+"”")
		}
		all = append(all, chart.Number(uint64(p.Matching))+" of "+chart.Plural(uint64(p.Targets), "target")+" "+strings.Join(terms, " and ")+".")
	}
	if p.Pages > 1 {
		all = append(all, "Page "+chart.Number(uint64(p.Page))+" of "+chart.Number(uint64(p.Pages))+". Targets that fail come first.")
	}
	return strings.Join(all, " ")
}
