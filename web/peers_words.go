package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/prober/web/chart"
)

// fleetTally counts the targets in each state, and the probers on which they fail.
type fleetTally struct {
	Targets int
	states  [numFleetStates]int
	// everywhere counts targets that fail on all of several probers. answering counts targets that fail on all answering
	// probers, while other probers do not answer. several counts other targets that fail on more than one prober. only
	// counts, for each prober, targets failing on this one of several. alone counts, for each prober, failing targets that
	// run on no other.
	everywhere, answering, several int
	only, alone                    []int

	columns []*column
}

func newFleetTally(columns []*column) fleetTally {
	return fleetTally{columns: columns, only: make([]int, len(columns)), alone: make([]int, len(columns))}
}

func (t *fleetTally) add(s *standing) {
	t.Targets++
	t.states[s.state]++
	switch {
	case s.failing == 0:
	case s.fresh+s.stale == 1:
		t.alone[s.failsOn]++
	case s.failing == s.fresh && s.stale == 0:
		t.everywhere++
	case s.failing == s.fresh:
		t.answering++
	case s.failing == 1:
		t.only[s.failsOn]++
	default:
		t.several++
	}
}

// States returns how many targets are in each state, in the order of the page.
func (t *fleetTally) States() []int {
	var all []int
	for _, s := range fleetStates() {
		all = append(all, t.states[s])
	}
	return all
}

// Failing returns how many targets fail.
func (t *fleetTally) Failing() int { return t.states[fleetFailing] }

// Verdict says all in one sentence.
func (t *fleetTally) Verdict() string {
	n, of := t.Failing(), chart.Plural(uint64(t.Targets), "target")
	unknown := t.states[fleetUnknown]
	switch {
	case t.Targets == 0:
		return "No targets"
	case n == 1:
		return "1 of " + of + " fails: " + strings.TrimPrefix(t.whence(), "1 ")
	case n > 1:
		return fmt.Sprintf("%d of %s fail: %s", n, of, t.whence())
	case unknown == t.Targets:
		return "Nothing is known about " + of
	case t.states[fleetTroubled] > 0:
		return fmt.Sprintf("No target fails, but probers have a problem with %d of %s", t.states[fleetTroubled], of)
	case unknown > 0:
		return fmt.Sprintf("No target is known to fail, but %d of %s are unknown", unknown, of)
	case t.states[fleetWaiting] == t.Targets:
		return "Waiting for the first bursts"
	case t.Targets == 1:
		return "The target is OK"
	default:
		return fmt.Sprintf("All %d targets are OK", t.Targets-t.states[fleetWaiting])
	}
}

// whence names the probers on which targets fail: "2 everywhere, 1 from east only".
func (t *fleetTally) whence() string {
	var all []string
	say := func(n int, words string) {
		if n > 0 {
			all = append(all, fmt.Sprintf("%d %s", n, words))
		}
	}
	say(t.everywhere, "everywhere")
	say(t.answering, "from all probers that answer")
	say(t.several, "from several probers but not all")
	t.name(t.only, func(n int, name string) { say(n, "from "+name+" only") }, func(n int) { say(n, "from one prober only") })
	t.name(t.alone, func(n int, name string) { say(n, "on "+name) }, func(n int) { say(n, "on other probers") })
	return strings.Join(all, ", ")
}

// name calls one for the probers with the highest counts, and rest for the sum of all others.
func (t *fleetTally) name(counts []int, one func(n int, name string), rest func(n int)) {
	const most = 3
	order := make([]int, len(counts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	others := 0
	for place, i := range order {
		if place < most {
			one(counts[i], t.columns[i].Short())
		} else {
			others += counts[i]
		}
	}
	rest(others)
}
