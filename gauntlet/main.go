// The gauntlet treats the daemon as a black box and tries to make it lie. It runs the daemon as a child process against
// a farm of servers that follow a seeded script of faults. It compares everything that the daemon says with what the
// farm saw, and ends with a scoreboard. All load stays on loopback.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/prober/internal/rig"
)

// The canaries are bytes that must not be found: bytes of a peer in no metric, a secret nowhere.
const (
	canaryPeer   = "canary-of-a-peer-5f1c"
	canarySecret = "canary-secret-9b2e"
)

func canaries() []string { return []string{canaryPeer, canarySecret} }

// gauntlet is one run.
type gauntlet struct {
	board *board
	seed  uint64
	short bool
	// thorough makes the mass large enough to see an event that happens once in 100,000 requests.
	thorough bool
	binary   string
	dir      string
	// repeat is the command of this run.
	repeat string
	replay replay
	// grid is the list of finer buckets in the configuration, with a comma behind each. If it is empty, a coarse grid
	// is used.
	grid string
}

// phase is a part of the run. It can be played alone.
type phase struct {
	name string
	run  func(*gauntlet, *stage)
}

func phases() []phase {
	return []phase{
		{"calm", (*gauntlet).calm},
		{"faults", (*gauntlet).deterministic},
		{"mass", (*gauntlet).mass},
		{"nemesis", (*gauntlet).nemesis},
		{"neighbours", (*gauntlet).neighbours},
		{"attack", (*gauntlet).attack},
		{"ends", (*gauntlet).ends},
		{"distress", (*gauntlet).distress},
		{"freeze", (*gauntlet).freeze},
		{"greeting", (*gauntlet).greeting},
		{"streams", (*gauntlet).streams},
		{"peer", (*gauntlet).peer},
	}
}

func main() {
	os.Exit(run())
}

func run() (code int) {
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()%1e6), "of the script of faults and of the schedule of the nemesis")
	short := flag.Bool("short", false, "take a minute, on a machine that is shared")
	only := flag.String("only", "", "the phases to run, or the phases or names of the mutants to try, with commas between them; all if empty")
	binary := flag.String("prober", "", "the program under test; built from this directory if empty")
	lies := flag.Bool("mutants", false, "try the gauntlet on daemons that lie, each of which it must find out")
	targets := flag.String("targets", "", "the targets of the phases mass and faults to play, with commas between them; all if empty")
	steps := flag.Int("steps", -1, "how many steps to take of the schedule of the phases mass and nemesis; all if below 0")
	shrinks := flag.Bool("shrink", true, "look for the shortest script that fails, for two minutes at most, when a phase is red")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "gauntlet-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer func() {
		if code == 0 || *lies {
			_ = os.RemoveAll(dir) // leftovers are in the folder for temporary files
			return
		}
		fmt.Printf("what was scraped and logged is in %s\n", dir)
	}()
	if *lies {
		return hunt(ctx, *seed, dir, listOf(*only))
	}
	g := &gauntlet{board: newBoard(), seed: *seed, short: *short, binary: *binary, dir: dir}
	if g.binary == "" {
		g.binary = filepath.Join(dir, "prober")
		if err := build(ctx, g.binary); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
	}
	g.replay.scenario = scenario{targets: listOf(*targets), steps: *steps, bounded: *steps >= 0}
	g.repeat = fmt.Sprintf("go run ./gauntlet -seed %d", g.seed)
	if g.short {
		g.repeat += " -short"
	}
	code, failures := g.play(ctx, listOf(*only))
	if *shrinks && g.replay.isWhole() {
		g.shrink(ctx, failures)
	}
	return code
}

// listOf splits a list with commas.
func listOf(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// build compiles the program under test.
func build(ctx context.Context, binary string, flags ...string) error {
	return rig.Build(ctx, binary, []string{"CGO_ENABLED=0"}, flags...) // as it is released
}

// play runs the phases and prints the scoreboard. It returns the exit code and the red phases.
func (g *gauntlet) play(ctx context.Context, only []string) (code int, failures []failure) {
	fmt.Printf("seed %d; to repeat: %s\n", g.seed, g.repeat)
	for _, p := range phases() {
		if len(only) > 0 && !slices.Contains(only, p.name) {
			continue
		}
		x, err := g.playOne(ctx, p)
		if err != nil {
			fmt.Printf("%s could not be played: %v\n", p.name, err)
			return 2, failures
		}
		if len(x.gates) > 0 {
			fmt.Printf("%s is red: %q; alone: %s -only %s\n", p.name, x.gates, g.repeat, p.name)
			failures = append(failures, x)
		}
	}
	gates := allGates()
	if len(only) > 0 {
		gates = slices.DeleteFunc(gates, func(name gate) bool { return !slices.Contains(g.board.known(), name) })
	}
	g.board.write(os.Stdout, gates)
	if len(g.board.failed(gates)) > 0 {
		part := ""
		if len(only) > 0 {
			part = " -only " + strings.Join(only, ",")
		}
		fmt.Printf("\nRED. To repeat: %s%s%s\n", g.repeat, part, g.replay.flags())
		return 1, failures
	}
	return 0, nil
}

// playOne runs a phase and returns its failures.
func (g *gauntlet) playOne(ctx context.Context, p phase) (x failure, err error) {
	started, before := time.Now(), g.board.failures()
	g.replay.asked, g.replay.taken = nil, 0
	if err := play(ctx, func(s *stage) { p.run(g, s) }); err != nil {
		return x, err
	}
	fmt.Printf("%s: %v\n", p.name, time.Since(started).Round(100*time.Millisecond))
	x = failure{phase: p.name, targets: g.replay.asked, steps: g.replay.taken}
	x.gates, x.notes = g.board.since(before)
	return x, nil
}

// allGates returns the gates of a whole run, in the order of the scoreboard.
func allGates() []gate {
	return []gate{
		gateStrict, gateConserved, gateHistogram, gateMonotonic, gateLabels, gateCanary, gateTimely,
		gateOnce, gateSeen, gateAttempts, gateAnswers, gateDue, gateOwn, gateUnknown,
		gateCodes, gateBreadth, gateBystand, gateMass, gateListeners, gateKilled, gateFlaps,
		gateItems, gateShare, gateRows, gateJourneys, gateVisitors, gateReshaped, gateShards,
		gateGreeting, gateRefused, gateResent,
		gateReload, gateBad, gateWarm, gateStuck, gateNeighbours, gateDemand, gateBurst, gateRestart,
		gateOwnFault, gateUncapped, gateBlameless, gateBlocked, gateMute, gateConfined, gateCrushed, gateBombed, gateFrozen, gateArrival,
		gateKept, gateForever, gateLast,
		gateQuiet, gateMemory, gateThreads, gateExit, gateLoud,
	}
}

// length returns how long something lasts.
func (g *gauntlet) length(short, full time.Duration) time.Duration {
	if g.short {
		return short
	}
	return full
}

// allowance returns how much longer than its timeout a request may last. The short run shares its machine with others;
// the full one wants a quiet machine.
func (g *gauntlet) allowance() time.Duration { return g.length(time.Second, 250*time.Millisecond) }
