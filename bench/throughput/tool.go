package throughput

import (
	"context"
	"path/filepath"
	"strconv"

	"example.com/prober/bench/closed"
)

// tool is a load generator that ends by itself and then prints its results.
type tool struct {
	label   string
	program string
	speaks  func(l load) bool
	// arguments may write files to dir; parse reads them, and what the program printed.
	arguments func(t task) ([]string, error)
	parse     func(ctx context.Context, t task, printed string) (closed.Report, error)
}

// task is the load of a tool.
type task struct {
	load

	program     string
	url         string
	seconds     int
	body        string // a file, empty without content to upload
	certificate string // a file
	dir         string
}

func (t tool) name() string { return t.label }

func (t tool) does(l load) bool { return t.speaks(l) }

func (t tool) start(ctx context.Context, b *bench, l load, dir string) (*closed.Attempt, error) {
	_, url := b.servers.of(l)
	task := task{
		load: l, program: t.program, url: url, seconds: int(b.duration.Seconds()),
		certificate: b.servers.certificate(), dir: dir,
	}
	if l.upload > 0 {
		task.body = b.servers.body(l.content)
	}
	args, err := t.arguments(task)
	if err != nil {
		return nil, err
	}
	parse := func(ctx context.Context, printed string) (closed.Report, error) { return t.parse(ctx, task, printed) }
	return closed.Program(ctx, b.rig, dir, append([]string{t.program}, args...), parse)
}

// path returns a file of the tool.
func (t task) path(name string) string { return filepath.Join(t.dir, name) }

func (t task) duration() string { return strconv.Itoa(t.seconds) + "s" }

func (t task) workers() string { return strconv.Itoa(t.inFlight) }

// with appends arguments if a condition holds.
func with(args []string, condition bool, more ...string) []string {
	if condition {
		return append(args, more...)
	}
	return args
}
