package web

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"example.com/prober/web/chart"
)

// A page has room for pageRoom. A target with all its figures takes fullCost of it, a folded group takes foldedCost,
// and a target shown by name only takes 1. This bounds the size of a page, however many targets there are.
const (
	pageRoom   = 320
	fullCost   = 4
	foldedCost = 2
	// fullUpTo is the largest number of targets on a page that shows the figures of well targets too.
	fullUpTo = 40
	// longestHeading and longestMistake are in characters.
	longestHeading = 80
	longestMistake = 400
)

// group is the targets in the same state, or with the same value of a label.
type group struct {
	// Key names the group in the parameter open. It is the state or the value of the label.
	Key   string
	State state // the worst of its targets
	// Count and States cover all pages.
	Count  int
	States [numStates]int
	// Folded means that the page leaves out the well targets. Unfolded means that it shows them because the reader asked.
	Folded, Unfolded bool
	// Rows are the targets of one page with all their figures. Brief are the targets shown by name only.
	Rows  []shownRow
	Brief []shownRow

	members []*row
}

// shownRow is a target as a page shows it.
type shownRow struct {
	row
	Strip *chart.Chart
	// Chips are the first of its labels, and MoreLabels counts the others.
	Chips      []chip
	MoreLabels int
}

// maxOwn is the largest number of problems of the prober in a row. The page of the target shows all of them.
const maxOwn = 2

// FirstOwn returns the first problems that the prober has with the target.
func (r shownRow) FirstOwn() []string { return r.Own[:min(len(r.Own), maxOwn)] }

// MoreOwn returns the number of further problems.
func (r shownRow) MoreOwn() int { return max(len(r.Own)-maxOwn, 0) }

// groupRows groups rows by the value of a label or, if the label is "", by state. The rows come in the order of their
// trouble. The groups with the most trouble come first.
func groupRows(rows []row, label string) []*group {
	byKey := map[string]*group{}
	var all []*group
	for i := range rows {
		r := &rows[i]
		key := r.State.String()
		if label != "" {
			key = r.Labels[label]
		}
		g := byKey[key]
		if g == nil {
			g = &group{Key: key, State: r.State}
			byKey[key] = g
			all = append(all, g)
		}
		g.State = min(g.State, r.State)
		g.Count++
		g.States[r.State]++
		g.members = append(g.members, r)
	}
	slices.SortFunc(all, func(a, b *group) int { return cmp.Or(a.compareTrouble(b), a.compareKey(b)) })
	return all
}

// compareTrouble puts the group with more targets in the worse state first.
func (g *group) compareTrouble(other *group) int {
	if g.State == other.State && g.State != ok {
		return cmp.Compare(other.States[g.State], g.States[g.State])
	}
	return cmp.Compare(g.State, other.State)
}

// compareKey puts the group without the label last.
func (g *group) compareKey(other *group) int {
	switch {
	case g.Key == "" && other.Key != "":
		return 1
	case g.Key != "" && other.Key == "":
		return -1
	default:
		return strings.Compare(g.Key, other.Key)
	}
}

// fold leaves out the targets that are well, except in the group that the reader asked for. It leaves out nothing if a
// search has found few targets. It also leaves out nothing of the only group if all its targets are well, nor of a
// group with trouble if the page shows all of its targets in full.
func fold(groups []*group, f filter, briefly bool) {
	if f.Hides() && !briefly {
		return
	}
	open := f.Open
	for _, g := range groups {
		isWell := g.State == ok
		if g.States[ok] > 0 && (isWell && len(groups) > 1 || !isWell && briefly) {
			g.Unfolded = open == everyGroup || open != "" && open == g.Key
			g.Folded = !g.Unfolded
		}
	}
}

// paginate puts the targets of one page into the groups. It returns the groups on the page, the page's number and the
// number of pages. If page is too large it takes the last page.
func paginate(groups []*group, briefly bool, page int) (shown []*group, number, pages int) {
	p := pager{briefly: briefly, pages: 1}
	// The first walk counts the pages: only then is it known which one is the last.
	p.walk(groups, func(int, *group, *row) {})
	number, pages = min(page, p.pages), p.pages
	p = pager{briefly: briefly, pages: 1}
	p.walk(groups, func(at int, g *group, r *row) {
		if at != number {
			return
		}
		if len(shown) == 0 || shown[len(shown)-1] != g {
			shown = append(shown, g)
		}
		switch {
		case r == nil:
		case p.isBrief(r):
			g.Brief = append(g.Brief, shownRow{row: *r})
		default:
			g.Rows = append(g.Rows, shownRow{row: *r})
		}
	})
	return shown, number, pages
}

// pager says on which page each target stands.
type pager struct {
	briefly bool
	pages   int
	used    int // room taken on the last page
}

// walk calls show for each target. For a folded group it first calls show without a target.
func (p *pager) walk(groups []*group, show func(page int, g *group, r *row)) {
	for _, g := range groups {
		if g.Folded {
			p.take(foldedCost)
			show(p.pages, g, nil)
		}
		for _, r := range g.members {
			if g.Folded && r.State == ok {
				continue
			}
			if p.isBrief(r) {
				p.take(1)
			} else {
				p.take(fullCost)
			}
			show(p.pages, g, r)
		}
	}
}

func (p *pager) isBrief(r *row) bool { return p.briefly && r.State == ok }

func (p *pager) take(room int) {
	if p.used+room > pageRoom {
		p.pages++
		p.used = 0
	}
	p.used += room
}

// ID returns the id of the group on the page.
func (g *group) ID() string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(g.Key)) // never fails
	return fmt.Sprintf("group-%08x", h.Sum32())
}

// Well returns the number of well targets in the group.
func (g *group) Well() int { return g.States[ok] }

// Summary counts the targets of the group in each state: "2 failing, 18 well".
func (g *group) Summary() string {
	var all []string
	for s := range state(numStates) {
		if n := g.States[s]; n > 0 {
			all = append(all, fmt.Sprintf("%d %s", n, s.Words()))
		}
	}
	return strings.Join(all, ", ")
}
