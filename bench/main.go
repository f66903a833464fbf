// Command bench measures the prober side by side with other load generators and writes the results into RESULTS.md.
// Without arguments it measures everything; with names of sections it replaces only these.
package main

//go:generate go run . -measure=false -o RESULTS.md -repository ..

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
	"regexp"
	"slices"
	"syscall"
	"time"

	"example.com/prober/bench/discovery"
	"example.com/prober/bench/engines"
	"example.com/prober/bench/pace"
	"example.com/prober/bench/rig"
	"example.com/prober/bench/scale"
	"example.com/prober/bench/scrapes"
	"example.com/prober/bench/shell"
	"example.com/prober/bench/stall"
	"example.com/prober/bench/throughput"
	"example.com/prober/bench/truth"
)

// section is a part of the results.
type section struct {
	name string
	run  func(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error)
}

// flags of the command.
type flags struct {
	out        string
	repository string
	measure    bool
	binaries   string // a directory
	prober     string
	rounds     int
	duration   time.Duration
	server     int
	client     int
	realtime   bool

	// of throughput and engines
	load   time.Duration
	loads  string // a pattern
	peers  bool
	before string
}

func main() {
	var f flags
	flag.StringVar(&f.out, "o", "bench/RESULTS.md", "file with the results")
	flag.StringVar(&f.repository, "repository", ".", "folder whose pages the comparisons of all clients are copied to")
	flag.BoolVar(&f.measure, "measure", true, "whether to measure, rather than only to copy the comparisons")
	flag.StringVar(&f.binaries, "bin", "bin", "directory of the binaries: the load generators are in its peers")
	flag.StringVar(&f.prober, "prober", "", "an executable to measure; empty builds one")
	flag.IntVar(&f.rounds, "rounds", 5, "how often each client runs")
	flag.DurationVar(&f.duration, "duration", 4*time.Second, "how long a client holds a rate")
	flag.IntVar(&f.client, "client-core", 0, "the core of the clients")
	flag.IntVar(&f.server, "server-core", 1, "the core of the server and of everything else")
	flag.BoolVar(&f.realtime, "realtime", false, "give the server and the clients precedence over all other programs; takes privileges")
	flag.DurationVar(&f.load, "load", 2*time.Second, "how long a client sends as fast as it can, in whole seconds")
	flag.StringVar(&f.loads, "loads", "", "a pattern of the loads that clients send as fast as they can")
	flag.BoolVar(&f.peers, "peers", true, "whether load generators written in Go send these loads too")
	flag.StringVar(&f.before, "before", "", "the executable of an earlier prober that sends these loads too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	var err error
	if f.measure {
		err = run(ctx, f, flag.Args(), os.Stderr)
	}
	if err == nil {
		err = copyShown(f.out, f.repository)
	}
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
		{"scale", func(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error) {
			text, chart, err := scale.Run(ctx, r, progress)
			if err != nil {
				return "", err
			}
			return text, f.draw("scale.svg", chart)
		}},
		{"scrapes", scrapes.Run},
		{"discovery", func(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error) {
			return discovery.Run(ctx, r, min(f.rounds, 3), progress) // each takes two minutes, twice
		}},
		{"shell", func(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error) {
			return shell.Run(ctx, r, f.rounds, progress)
		}},
		{"truth", func(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error) {
			return truth.Run(ctx, r, f.rounds, f.duration, progress)
		}},
		{"throughput", func(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error) {
			return measureThroughput(ctx, r, f, progress)
		}},
		{"engines", func(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error) {
			return measureEngines(ctx, r, f, progress)
		}},
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

// measureThroughput also draws the chart.
func measureThroughput(ctx context.Context, r *rig.Rig, f flags, progress io.Writer) (string, error) {
	only, err := regexp.Compile(f.loads)
	if err != nil {
		return "", err
	}
	o := throughput.Options{Rounds: f.rounds, Duration: f.load, Only: only, Peers: f.peers, Before: f.before}
	results, err := throughput.Run(ctx, r, o, progress)
	if err != nil {
		return "", err
	}
	return results.Section, f.draw("throughput.svg", results.Chart)
}

// measureEngines builds the programs of its section only.
func measureEngines(ctx context.Context, r *rig.Rig, f flags, progress io.Writer) (string, error) {
	only, err := regexp.Compile(f.loads)
	if err != nil {
		return "", err
	}
	in := func(name string) string { return filepath.Join(f.binaries, name) }
	p := engines.Programs{Server: in("bench-engines-server"), Loop: in("bench-engines-loop"), GRPCServer: in("bench-grpcpeer")}
	err = errors.Join(
		build(ctx, p.Server, "./bench/engines/server"),
		build(ctx, p.Loop, "./bench/engines/loop"),
		buildIn(ctx, "e2e/grpcpeer", p.GRPCServer), // a module of its own
	)
	if err != nil {
		return "", err
	}
	o := engines.Options{Rounds: f.rounds, Duration: f.load, Only: only, Peers: f.peers, Programs: p}
	return engines.Run(ctx, r, o, progress)
}

// draw writes a chart beside the results.
func (f flags) draw(name, chart string) error {
	return os.WriteFile(filepath.Join(filepath.Dir(f.out), name), []byte(chart), 0o644)
}

// newRig builds the measured and the measuring programs.
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

// buildIn builds the package at the root of another module, in dir.
func buildIn(ctx context.Context, dir, binary string) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-C", dir, "-o", binary, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("go build in %s: %w: %s", dir, err, out)
	}
	return nil
}
