package web

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

// staleAfter is the age of the last burst, in intervals, above which a target counts as neglected. One skipped
// slot is no neglect: the burst before may have overrun, or the machine may have stood still.
const staleAfter = 5

// state says how a target does, the worst first.
type state int

const (
	failing  state = iota
	troubled       // by the prober itself; this says nothing about the target
	waiting        // for the end of its first burst
	ok
	numStates = iota
)

// String returns the state as it stands in the API and in the query of the page.
func (s state) String() string { return [numStates]string{"failing", "troubled", "waiting", "ok"}[s] }

// Words returns the state as the page shows it.
func (s state) Words() string {
	return [numStates]string{"failing", "prober problem", "waiting", "OK"}[s]
}

// stateOf judges by the last burst, and by the failures of the one under way.
func stateOf(t *numbers.Snapshot, now time.Time) state {
	return stateWith(t, ownTrouble(t, now))
}

func stateWith(t *numbers.Snapshot, own []string) state {
	switch {
	case !t.FailingSince.IsZero():
		return failing
	case len(own) > 0:
		return troubled
	case t.Bursts == 0:
		return waiting
	default:
		return ok
	}
}

// worst returns the commonest kind of the target's failures now. Its code is 0 if there is none.
func worst(t *numbers.Snapshot) numbers.FailureKind {
	for _, k := range t.Trouble {
		if !k.Code.IsOwn() {
			return k
		}
	}
	return numbers.FailureKind{}
}

// ownTrouble lists in half sentences the problems of the prober itself in the last burst of a target.
func ownTrouble(t *numbers.Snapshot, now time.Time) []string {
	var all []string
	if isStale(t, now) {
		all = append(all, "no burst has started for the last "+span(now.Sub(t.LastStart)))
	}
	if overruns(t) {
		all = append(all, fmt.Sprintf("the last burst took %s, but one is due every %s, so bursts are skipped", chart.Latency(t.Last.Duration), chart.Latency(t.Interval)))
	}
	if t.TroubledSince.IsZero() || t.Last == nil {
		return all
	}
	if workers, isShort := t.Shortage(); isShort {
		all = append(all, "too few workers: "+workers.String())
	}
	for _, k := range t.Last.Kinds {
		if k.Code.IsOwn() {
			all = append(all, fmt.Sprintf("%s ended with %s %s: %s", chart.Plural(k.Count, "request"), k.Code, k.Code.Name(), k.Code.Meaning()))
		}
	}
	if n := t.Last.Held - t.Last.Frozen; n > 0 {
		all = append(all, chart.Plural(n, "request")+" not sent, because there were too few workers or a limit was reached")
	}
	if n := t.Last.Frozen; n > 0 {
		all = append(all, chart.Plural(n, "request")+" not sent, because the prober did not run when they were due")
	}
	if t.Last.Late {
		all = append(all, "requests were sent "+chart.Latency(t.Last.Lag)+" late on average")
	}
	return all
}

// overruns reports whether bursts take longer than their interval: the last one did, and slots have been skipped for
// it.
func overruns(t *numbers.Snapshot) bool {
	return t.Last != nil && t.Interval > 0 && t.Last.Duration >= t.Interval && t.Skipped.Overrun() > 0
}

// isStale reports whether no burst has started for too long. A burst that maintenance has stopped counts as one:
// the target rests on purpose. A long burst is not stale while requests are under way.
func isStale(t *numbers.Snapshot, now time.Time) bool {
	last := t.LastStart
	if t.LastRest.After(last) {
		last = t.LastRest
	}
	return t.Bursts > 0 && t.Waiting+t.InFlight == 0 && now.Sub(last) > staleAfter*t.Interval
}

// row is one target of the overview.
type row struct {
	*numbers.Snapshot
	State state
	// Worst is the commonest failure now. Its code is 0 if there is none.
	Worst numbers.FailureKind
	Own   []string
}

// rowsByTrouble puts failing targets first, beginning with the longest failure. Otherwise it keeps the order of the
// file.
func rowsByTrouble(all []numbers.Snapshot, now time.Time) []row {
	rows := make([]row, len(all))
	for i := range all {
		t := &all[i]
		own := ownTrouble(t, now)
		rows[i] = row{Snapshot: t, State: stateWith(t, own), Worst: worst(t), Own: own}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if a.State != b.State {
			return cmp.Compare(a.State, b.State)
		}
		return a.FailingSince.Compare(b.FailingSince)
	})
	return rows
}

// tally counts the targets in each state. It also counts failing targets by the range of their commonest failure.
type tally struct {
	Targets uint64
	States  [numStates]int
	Ranges  []rangeCount
}

type rangeCount struct {
	Range errcode.Range
	Count int
}

func count(rows []row) tally {
	c := tally{Targets: uint64(len(rows))}
	ranges := map[errcode.Range]int{}
	for _, r := range rows {
		c.States[r.State]++
		if r.State == failing {
			ranges[r.Worst.Code.Range()]++
		}
	}
	for r, n := range ranges {
		c.Ranges = append(c.Ranges, rangeCount{r, n})
	}
	slices.SortFunc(c.Ranges, func(a, b rangeCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Range, b.Range))
	})
	return c
}

// Failing returns how many targets fail.
func (c *tally) Failing() int { return c.States[failing] }

// Verdict says all in one sentence.
func (c *tally) Verdict() string {
	n := c.States[failing]
	switch {
	case c.Targets == 0:
		return "No targets"
	case n == 1:
		return fmt.Sprintf("1 of %s is failing", chart.Plural(c.Targets, "target"))
	case n > 0:
		return fmt.Sprintf("%d of %s are failing", n, chart.Plural(c.Targets, "target"))
	case c.States[troubled] > 0:
		return "No target is failing, but the prober has a problem"
	case uint64(c.States[waiting]) == c.Targets:
		return "Waiting for the first bursts"
	case c.Targets == 1:
		return "The target is OK"
	default:
		return fmt.Sprintf("All %d targets are OK", c.Targets-uint64(c.States[waiting]))
	}
}
