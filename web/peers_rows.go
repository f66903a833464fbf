package web

import (
	"iter"
	"slices"

	"example.com/prober/web/peers"
)

// fleetState is the worst state of a target on the probers that answer and run it.
type fleetState int

const (
	fleetFailing  = fleetState(failing)
	fleetTroubled = fleetState(troubled)
	fleetWaiting  = fleetState(waiting)
	fleetOK       = fleetState(ok)
	// fleetUnknown is the state of a target that runs only on probers that do not answer.
	fleetUnknown   = fleetState(numStates)
	numFleetStates = numStates + 1
)

func fleetStates() []fleetState {
	return []fleetState{fleetFailing, fleetTroubled, fleetUnknown, fleetWaiting, fleetOK}
}

// String returns the state as it stands in the API and in the query of the page.
func (s fleetState) String() string {
	if s == fleetUnknown {
		return "unknown"
	}
	return state(s).String()
}

// Words returns the state as the page shows it.
func (s fleetState) Words() string {
	if s == fleetUnknown {
		return "unknown"
	}
	return state(s).Words()
}

func isFleetState(name string) bool { return isState(name) || name == fleetUnknown.String() }

// fleetStateNamed returns a state by its name. isFleetState must know the name.
func fleetStateNamed(name string) fleetState {
	if name == fleetUnknown.String() {
		return fleetUnknown
	}
	return fleetState(stateNamed(name))
}

// rank is the place of a target on the page. Within a rank the order is that of names.
type rank int

const (
	failsEverywhere rank = iota // on all probers that run it and answer
	failsSomewhere
	failedBefore // on a prober that does not answer, and fails on no other
	isTroubled
	isUnknown
	isWaiting
	isOK
	numRanks = iota
)

// standing is what the probers say about one target.
type standing struct {
	// fresh and stale count the probers of the target: fresh with an answer, stale without. failing and failed count its
	// failures on them: failing on fresh probers, failed on stale ones.
	fresh, stale, failing, failed int
	// failsOn is the last fresh prober on which it fails.
	failsOn int
	state   fleetState
}

// stand looks at the cells of one target.
func stand(columns []*column, cells []*peers.Target) standing {
	s := standing{state: fleetUnknown}
	for i, t := range cells {
		switch {
		case t == nil:
		case columns[i].IsDown():
			s.stale++
			if t.State == peers.Failing {
				s.failed++
			}
		default:
			s.fresh++
			s.state = min(s.state, fleetState(t.State))
			if t.State == peers.Failing {
				s.failing++
				s.failsOn = i
			}
		}
	}
	return s
}

func (s *standing) rank() rank {
	switch {
	case s.failing > 0 && s.failing == s.fresh:
		return failsEverywhere
	case s.failing > 0:
		return failsSomewhere
	case s.failed > 0:
		return failedBefore
	default:
		return map[fleetState]rank{fleetTroubled: isTroubled, fleetUnknown: isUnknown, fleetWaiting: isWaiting, fleetOK: isOK}[s.state]
	}
}

// choice is the targets of all probers that a filter lets through.
type choice struct {
	columns []*column
	lists   [][]peers.Target
	filter  filter
	search  search
	ranks   [numRanks]int // the number of chosen targets in each rank
}

func newChoice(columns []*column, f filter) *choice {
	c := &choice{columns: columns, filter: f, search: parseSearch(f.Text)}
	for _, column := range columns {
		c.lists = append(c.lists, column.Targets)
	}
	return c
}

// each returns all targets by name, with their standing on the probers. The next target uses the same memory. Meanwhile
// it gives way to due goroutines.
func (c *choice) each() iter.Seq2[*peerRow, standing] {
	return func(yield func(*peerRow, standing) bool) {
		way, n := newYielder(drawFor), 0
		var r peerRow
		for row := range peers.Rows(c.lists) {
			if n++; n%giveWayEvery == 0 {
				way.giveWay()
			}
			r.Name, r.targets = row.Name, row.Cells
			if !yield(&r, stand(c.columns, row.Cells)) {
				return
			}
		}
	}
}

func (c *choice) has(r *peerRow, s *standing) bool {
	return (c.filter.State == "" || c.filter.State == s.state.String()) && c.search.matches(r)
}

// count counts all targets, and the chosen ones by their rank.
func (c *choice) count(t *fleetTally) {
	for r, s := range c.each() {
		t.add(&s)
		if c.has(r, &s) {
			c.ranks[s.rank()]++
		}
	}
}

// matching returns the number of chosen targets. Call count first.
func (c *choice) matching() (n int) {
	for _, of := range c.ranks {
		n += of
	}
	return n
}

// window returns at most most chosen targets, beginning with number first. Call count first.
// Sorting all targets of all probers would take memory for each of them. The counts of the
// ranks say where each rank begins, so a second walk finds the rows of one page.
func (c *choice) window(first, most int) []*peerRow {
	var starts [numRanks]int
	for i := 1; i < numRanks; i++ {
		starts[i] = starts[i-1] + c.ranks[i-1]
	}
	rows := make([]*peerRow, max(0, min(most, c.matching()-first)))
	left := len(rows)
	for r, s := range c.each() {
		if left == 0 {
			break
		}
		if !c.has(r, &s) {
			continue
		}
		at := starts[s.rank()] - first
		starts[s.rank()]++
		if at >= 0 && at < len(rows) {
			rows[at] = c.row(r, s.state)
			left--
		}
	}
	return rows
}

// row returns a copy of r; each does not change the copy.
func (c *choice) row(r *peerRow, s fleetState) *peerRow {
	kept := &peerRow{Name: r.Name, State: s, targets: slices.Clone(r.targets), Cells: make([]peerCell, len(c.columns))}
	for i, t := range kept.targets {
		kept.Cells[i] = peerCell{Target: t, Of: c.columns[i]}
	}
	return kept
}
