// The gauntlet treats the daemon as a black box and tries to make it lie. It runs
// the daemon as a child process against a farm of servers that follow a seeded
// script of faults, holds everything that the daemon says against what the farm
// saw, and ends in a scoreboard. All load stays on loopback.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The canaries are bytes that must not be found: those of a peer in no metric, a
// secret nowhere.
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
	// thorough has the mass be so large that what happens once in 100,000 requests
	// is certain to be seen.
	thorough bool
	binary   string
	dir      string
}

// phase is a part of the run, which can be played alone.
type phase struct {
	name string
	run  func(*gauntlet, context.Context) error
}

func phases() []phase {
	return []phase{
		{"calm", (*gauntlet).calm},
		{"faults", (*gauntlet).deterministic},
		{"mass", (*gauntlet).mass},
		{"nemesis", (*gauntlet).nemesis},
		{"ends", (*gauntlet).ends},
		{"distress", (*gauntlet).distress},
		{"peer", (*gauntlet).peer},
	}
}

func main() {
	os.Exit(run())
}

func run() int {
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()%1e6), "of the script of faults and of the schedule of the nemesis")
	short := flag.Bool("short", false, "take a minute, on a machine that is shared")
	only := flag.String("only", "", "the phases to run, with commas between them; all if empty")
	binary := flag.String("prober", "", "the program under test; built from this directory if empty")
	lies := flag.Bool("mutants", false, "try the gauntlet on daemons that lie, each of which it must find out")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "gauntlet-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer os.RemoveAll(dir)
	if *lies {
		return hunt(ctx, *seed, dir)
	}
	g := &gauntlet{board: newBoard(), seed: *seed, short: *short, binary: *binary, dir: dir}
	if g.binary == "" {
		g.binary = filepath.Join(dir, "prober")
		if err := build(ctx, g.binary); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
	}
	repeat := fmt.Sprintf("go run ./gauntlet -seed %d", g.seed)
	if g.short {
		repeat += " -short"
	}
	return g.play(ctx, strings.FieldsFunc(*only, func(r rune) bool { return r == ',' }), repeat)
}

// build compiles the program under test.
func build(ctx context.Context, binary string, flags ...string) error {
	args := append([]string{"build", "-buildvcs=false", "-o", binary}, flags...)
	out, err := exec.CommandContext(ctx, "go", append(args, ".")...).CombinedOutput() //nolint:gosec // our own flags
	if err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return nil
}

// play runs the phases, prints the scoreboard and returns the exit code.
func (g *gauntlet) play(ctx context.Context, only []string, repeat string) int {
	fmt.Printf("seed %d; to repeat: %s\n", g.seed, repeat)
	for _, p := range phases() {
		if len(only) > 0 && !slices.Contains(only, p.name) {
			continue
		}
		started := time.Now()
		if err := p.run(g, ctx); err != nil {
			fmt.Printf("%s could not be played: %v\n", p.name, err)
			return 2
		}
		took := time.Since(started).Round(100 * time.Millisecond)
		fmt.Printf("%s: %v\n", p.name, took)
		if red := g.board.failed(g.board.known()); len(red) > 0 {
			fmt.Printf("%s leaves red: %q; alone: %s -only %s\n", p.name, red, repeat, p.name)
		}
	}
	gates := allGates()
	if len(only) > 0 {
		gates = slices.DeleteFunc(gates, func(name gate) bool { return !slices.Contains(g.board.known(), name) })
	}
	g.board.write(os.Stdout, gates)
	if len(g.board.failed(gates)) > 0 {
		fmt.Printf("\nRED. To repeat: %s\n", repeat)
		return 1
	}
	return 0
}

// allGates are those of a whole run, in the order of the scoreboard.
func allGates() []gate {
	return []gate{
		gateStrict, gateConserved, gateHistogram, gateMonotonic, gateLabels, gateCanary, gateTimely,
		gateOnce, gateSeen, gateAttempts, gateAnswers, gateDue, gateOwn, gateUnknown,
		gateCodes, gateBreadth, gateBystand, gateMass, gateKilled,
		gateReload, gateBad, gateWarm, gateStuck, gateBurst, gateRestart, gateOwnFault, gateBlocked,
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

// allowance is what a request may last beyond its timeout. The short run shares its
// machine with others; the full one wants a quiet machine.
func (g *gauntlet) allowance() time.Duration { return g.length(time.Second, 250*time.Millisecond) }
