package main

import (
	"fmt"
	"slices"
	"strings"
)

// scenario is a part of a phase that can be played: some of its targets, and the
// first steps of its schedule.
type scenario struct {
	// targets are the names of those to play; all if empty.
	targets []string
	// steps is how many steps to take, if that is bounded.
	steps   int
	bounded bool
}

// replay is the scenario that a phase is to play. The phase asks about each of its
// targets and steps, so that it is known afterwards what there was.
type replay struct {
	scenario

	asked []string // names of targets
	taken int      // steps
}

// isWhole reports whether nothing is left out.
func (s *scenario) isWhole() bool { return len(s.targets) == 0 && !s.bounded }

// flags are those that have the gauntlet play the scenario, with a space before each.
func (s *scenario) flags() string {
	text := ""
	if len(s.targets) > 0 {
		text += " -targets " + strings.Join(s.targets, ",")
	}
	if s.bounded {
		text += fmt.Sprintf(" -steps %d", s.steps)
	}
	return text
}

// plays reports whether a target is to be played.
func (r *replay) plays(name string) bool {
	if len(r.targets) > 0 && !slices.Contains(r.targets, name) {
		return false
	}
	r.asked = append(r.asked, name)
	return true
}

// step reports whether the n-th step of the schedule, from 0, is to be taken.
func (r *replay) step(n int) bool {
	if r.bounded && n >= r.steps {
		return false
	}
	r.taken = max(r.taken, n+1)
	return true
}
