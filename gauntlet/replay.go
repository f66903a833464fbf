package main

import (
	"fmt"
	"slices"
	"strings"
)

// scenario is a playable part of a phase: some of its targets, and the first steps of its schedule.
type scenario struct {
	// targets are the names of the targets to play; all if empty.
	targets []string
	// steps is how many steps to take, if bounded is set.
	steps   int
	bounded bool
}

// replay is the scenario of a phase. The phase asks about each of its targets and steps, so the replay knows them
// afterwards.
type replay struct {
	scenario

	asked []string // names of targets
	taken int      // steps
}

// isWhole reports whether nothing is left out.
func (s *scenario) isWhole() bool { return len(s.targets) == 0 && !s.bounded }

// flags returns the flags of the gauntlet for the scenario, with a space before each.
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
