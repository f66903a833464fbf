package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of the search for the shortest script, for all red phases together.
const (
	shrinkTries = 60
	shrinkTime  = 2 * time.Minute
)

// failure is a phase that was red.
type failure struct {
	phase   string
	gates   []gate
	notes   []string
	targets []string // its targets, if it can be played in parts
	steps   int
}

// shrinker looks for the smallest scenario that still fails, by delta debugging: it tries halves, then smaller and
// smaller parts, then the rest without each part.
type shrinker struct {
	// fails plays a scenario and reports whether it fails in the same way.
	fails func(scenario) bool
	tries int // how many may still be made
	// spent reports whether the time for tries is over.
	spent func() bool
}

// shortest returns the smallest failing scenario that it finds, and whether the failure came again at all. guess are
// the targets to try first.
func (s *shrinker) shortest(targets, guess []string, steps int) (least scenario, again bool) {
	switch {
	case len(guess) > 0 && len(guess) < len(targets) && s.try(scenario{targets: guess}):
		least.targets = guess
	case s.try(scenario{}):
		if len(targets) > 1 {
			least.targets = targets
		}
	default:
		return least, false
	}
	least.targets = s.fewest(least.targets)
	if len(least.targets) == len(targets) {
		least.targets = nil
	}
	if steps > 0 {
		least = s.fewestSteps(least, steps)
	}
	return least, true
}

// fewest leaves targets out for as long as the scenario still fails.
func (s *shrinker) fewest(targets []string) []string {
	for parts := 2; len(targets) > 1; {
		size := (len(targets) + parts - 1) / parts
		smaller := s.smaller(targets, size)
		switch {
		case smaller != nil && len(smaller) <= size:
			targets, parts = smaller, 2
		case smaller != nil:
			targets, parts = smaller, max(parts-1, 2)
		case size == 1 || s.isSpent():
			return targets
		default:
			parts = min(2*parts, len(targets))
		}
	}
	return targets
}

// smaller returns a failing part of that size, or else a failing rest without one part.
func (s *shrinker) smaller(targets []string, size int) []string {
	for part := range slices.Chunk(targets, size) {
		if s.try(scenario{targets: part}) {
			return slices.Clone(part)
		}
	}
	if len(targets) <= 2*size { // the rest was a part
		return nil
	}
	for at := 0; at < len(targets); at += size {
		rest := slices.Concat(targets[:at], targets[min(at+size, len(targets)):])
		if s.try(scenario{targets: rest}) {
			return rest
		}
	}
	return nil
}

// fewestSteps takes steps away from the end of the schedule.
func (s *shrinker) fewestSteps(of scenario, steps int) scenario {
	bounded := func(n int) scenario { return scenario{targets: of.targets, steps: n, bounded: true} }
	if s.try(bounded(0)) {
		return bounded(0)
	}
	for enough, few := steps, 0; !s.isSpent() && enough-few > 1; {
		n := (enough + few) / 2
		if s.try(bounded(n)) {
			enough, of = n, bounded(n)
			continue
		}
		few = n
	}
	return of
}

func (s *shrinker) try(part scenario) bool {
	if s.isSpent() {
		return false
	}
	s.tries--
	return s.fails(part)
}

func (s *shrinker) isSpent() bool { return s.tries <= 0 || s.spent() }

// shrink looks for the shortest script of each failure and prints it.
func (g *gauntlet) shrink(ctx context.Context, failures []failure) {
	ctx, cancel := context.WithTimeout(ctx, shrinkTime)
	defer cancel()
	tries := shrinkTries
	for i := range failures {
		x := &failures[i]
		least, again, made := g.shrinkOne(ctx, x, tries)
		tries -= made
		switch {
		case again:
			fmt.Printf("the shortest script of %s, after %d tries: %s\n", x.phase, made, g.command(x.phase, &least))
		case made > 0 && ctx.Err() == nil:
			fmt.Printf("%s does not fail again in a short run of its own; what failed was: %s -only %s\n", x.phase, g.repeat, x.phase)
		}
	}
}

// shrinkOne looks for the shortest script of a failure. It also returns the number of tries.
func (g *gauntlet) shrinkOne(ctx context.Context, x *failure, tries int) (least scenario, again bool, made int) {
	s := shrinker{
		tries: tries,
		spent: func() bool { return ctx.Err() != nil },
		fails: func(part scenario) bool { return g.failsAgain(ctx, x, &part) },
	}
	least, again = s.shortest(x.targets, x.named(), x.steps)
	return least, again, tries - s.tries
}

// named returns the targets in the notes on the failure.
func (x *failure) named() (names []string) {
	notes := strings.Join(x.notes, "\n")
	for _, name := range x.targets {
		if regexp.MustCompile(`(^|[^-\w])` + regexp.QuoteMeta(name) + `($|[^-\w])`).MatchString(notes) {
			names = append(names, name)
		}
	}
	return names
}

// command returns the command to play a part of a phase.
func (g *gauntlet) command(phase string, s *scenario) string {
	return fmt.Sprintf("go run ./gauntlet -short -seed %d -only %s%s -shrink=false", g.seed, phase, s.flags())
}

// failsAgain plays a part of a phase in another process, and reports whether one of the same gates turns red.
func (g *gauntlet) failsAgain(ctx context.Context, x *failure, s *scenario) bool {
	self, err := os.Executable()
	if err != nil {
		return false
	}
	dir, err := os.MkdirTemp(g.dir, "try-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	args := []string{"-short", "-shrink=false", "-seed", strconv.FormatUint(g.seed, 10), "-only", x.phase, "-prober", g.binary}
	cmd := exec.CommandContext(ctx, self, append(args, strings.Fields(s.flags())...)...) //nolint:gosec // it is this program
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // the other process ends its daemon then
	cmd.WaitDelay = patience
	out, err := cmd.Output()
	failed := new(exec.ExitError)
	if !errors.As(err, &failed) || failed.ExitCode() != 1 {
		return false
	}
	return slices.ContainsFunc(x.gates, func(name gate) bool { return strings.Contains(string(out), redHead(name)) })
}
