// Command bench measures the prober side by side with other load generators and writes
// what it finds into RESULTS.md. Without arguments it measures everything; with names of
// sections it replaces only these.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"example.com/prober/bench/pace"
	"example.com/prober/bench/rig"
	"example.com/prober/bench/scale"
	"example.com/prober/bench/stall"
)

// section is a part of the results.
type section struct {
	name string
	run  func(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error)
}

// flags of the command.
type flags struct {
	out      string
	binaries string // a directory
	prober   string
	rounds   int
	duration time.Duration
	server   int
	client   int
	realtime bool
}

func main() {
	var f flags
	flag.StringVar(&f.out, "o", "bench/RESULTS.md", "file with the results")
	flag.StringVar(&f.binaries, "bin", "bin", "directory of the binaries: the load generators are in its peers")
	flag.StringVar(&f.prober, "prober", "", "an executable to measure; empty builds one")
	flag.IntVar(&f.rounds, "rounds", 5, "how often each client runs")
	flag.DurationVar(&f.duration, "duration", 4*time.Second, "how long a client holds a rate")
	flag.IntVar(&f.client, "client-core", 0, "the core of the clients")
	flag.IntVar(&f.server, "server-core", 1, "the core of the server and of everything else")
	flag.BoolVar(&f.realtime, "realtime", false, "give the server and the clients precedence over all other programs; takes privileges")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, f, flag.Args(), os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags, names []string, progress io.Writer) error {
	sections := []section{
		{"pace", func(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error) {
			return pace.Run(ctx, r, pace.Options{Rounds: f.rounds, Duration: f.duration}, progress)
		}},
		{"stall", func(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error) {
			return stall.Run(ctx, r, min(f.rounds, 3), progress) // they take long and hardly differ
		}},
		{"scale", scale.Run},
	}
	for _, name := range names {
		if !slices.ContainsFunc(sections, func(s section) bool { return s.name == name }) {
			return fmt.Errorf("there is no section %q", name)
		}
	}
	r, err := newRig(ctx, f)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, s := range sections {
		if len(names) > 0 && !slices.Contains(names, s.name) {
			continue
		}
		if err := measure(ctx, r, s, f.out, progress); err != nil {
			return err
		}
	}
	return nil
}

// measure runs one section and writes it into the file of the results.
func measure(ctx context.Context, r *rig.Rig, s section, out string, progress io.Writer) error {
	conditions, err := r.Conditions(ctx)
	if err != nil {
		return err
	}
	before, err := rig.LoadAverage()
	if err != nil {
		return err
	}
	text, err := s.run(ctx, r, progress)
	if err != nil {
		return err
	}
	after, err := rig.LoadAverage()
	if err != nil {
		return err
	}
	text += fmt.Sprintf("\n%vLoad average before: %s, after: %s.\n", conditions, before, after)
	return replaceSection(out, s.name, text)
}

// newRig builds what is measured and what measures.
func newRig(ctx context.Context, f flags) (*rig.Rig, error) {
	if err := os.MkdirAll(f.binaries, 0o755); err != nil {
		return nil, err
	}
	server := filepath.Join(f.binaries, "bench-server")
	err := build(ctx, server, "./bench/server")
	if f.prober == "" {
		f.prober = filepath.Join(f.binaries, "bench-prober")
		err = errors.Join(err, build(ctx, f.prober, "."))
	}
	if err != nil {
		return nil, err
	}
	return rig.New(ctx, rig.Options{
		Prober: f.prober, Server: server, Peers: filepath.Join(f.binaries, "peers"),
		ServerCore: f.server, ClientCore: f.client, Realtime: f.realtime,
	})
}

func build(ctx context.Context, binary, pkg string) error {
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, pkg).CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w: %s", pkg, err, out)
	}
	return nil
}
