// Package rig is the common part of the benchmarks: a neutral server on one core, load generators on another, and the
// reports of both about the same load.
package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// Rig knows the programs and the cores they run on.
type Rig struct {
	prober, server, peers  string
	serverCore, clientCore int
	realtime               bool
	scratch                string // a directory; removed with the rig
}

// Options are the paths of the programs, and their cores.
type Options struct {
	// Prober and Server are executable files, Peers a directory of them.
	Prober, Server, Peers string
	// ServerCore and ClientCore are numbers of cores.
	ServerCore, ClientCore int
	// Realtime gives the server and the clients precedence over all other programs of
	// the machine, by the scheduling class SCHED_RR; it takes privileges.
	Realtime bool
}

// New makes a rig and keeps this process off the core of the clients. With precedence, this process goes before the
// servers: it has little to do, but at the right time.
func New(ctx context.Context, o Options) (*Rig, error) {
	self := strconv.Itoa(os.Getpid())
	commands := [][]string{{"taskset", "-a", "-c", "-p", strconv.Itoa(o.ServerCore), self}}
	if o.Realtime {
		commands = append(commands, []string{"chrt", "--all-tasks", "--rr", "--pid", "2", self})
	}
	for _, command := range commands {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", command[0], err, out)
		}
	}
	scratch, err := os.MkdirTemp("", "prober-bench-")
	if err != nil {
		return nil, err
	}
	return &Rig{
		prober: o.Prober, server: o.Server, peers: o.Peers,
		serverCore: o.ServerCore, clientCore: o.ClientCore, realtime: o.Realtime, scratch: scratch,
	}, nil
}

// Close removes the rig's files.
func (r *Rig) Close() error { return os.RemoveAll(r.scratch) }

// Load is the load of a client.
type Load struct {
	URL string
	// Rate is requests per second. 0 means as many as possible, with InFlight at all times.
	Rate     int
	Duration time.Duration // of whole seconds, if Rate is 0
	InFlight int           // at most
	// Beside adds a neighbour that uses all that it gets of the core of the client.
	Beside bool
}

// Due returns the number of requests in the load.
func (l Load) Due() int { return int(float64(l.Rate) * l.Duration.Seconds()) }

// Report is a client's report about its load.
type Report struct {
	Latency Quantiles
	// Requests is the number of reported requests.
	Requests int
	// Lag is the client's own lateness, if it reports any.
	Lag Quantiles
}

// Client is a load generator.
type Client interface {
	Name() string
	// command prepares files in dir and returns the program with its arguments.
	command(r *Rig, l Load, dir string) ([]string, error)
	// finish returns the report of the program, after its load and its end.
	finish(ctx context.Context, p *Process, dir string) (Report, error)
	// warmUp returns the number of requests before the load.
	warmUp(l Load) int
}

// Sample is one run of one client.
type Sample struct {
	Load Load
	// Arrivals are the times at which requests reached the server, after the first.
	Arrivals []time.Duration
	// Truth is the time from an arrival, by the kernel's clock, to its answer.
	Truth Quantiles
	// CPU is the client's processor time per request, without its start and its end; 0 beside a neighbour.
	CPU    time.Duration
	Report Report
}

// Measure lets a client make a load on a new server.
func (r *Rig) Measure(ctx context.Context, c Client, l Load, s Service) (Sample, error) {
	const allowance = 90 * time.Second // for starting, ending and reporting
	ctx, cancel := context.WithTimeoutCause(ctx, l.Duration+allowance, errors.New("it took too long"))
	defer cancel()
	sample, err := r.measure(ctx, c, l, s)
	if err != nil {
		return Sample{}, fmt.Errorf("%s, %d in flight at %d/s: %w", c.Name(), l.InFlight, l.Rate, err)
	}
	return sample, nil
}

func (r *Rig) measure(ctx context.Context, c Client, l Load, s Service) (Sample, error) {
	dir, err := os.MkdirTemp(r.scratch, "run-")
	if err != nil {
		return Sample{}, err
	}
	server, err := r.StartServer(ctx, s, c.warmUp(l))
	if err != nil {
		return Sample{}, err
	}
	l.URL = server.URL
	command, err := c.command(r, l, dir)
	if err != nil {
		return Sample{}, err
	}
	if l.Beside {
		neighbour, err := r.start(ctx, r.clientCore, "sh", "-c", "while :; do :; done")
		if err != nil {
			return Sample{}, err
		}
		defer func() { _ = neighbour.Kill(ctx) }() // its error does not matter
	}
	p, err := r.start(ctx, r.clientCore, command[0], command[1:]...)
	if err != nil {
		return Sample{}, err
	}
	if err := server.AwaitFirst(ctx, p); err != nil {
		return Sample{}, errors.Join(err, p.Terminate(ctx))
	}
	used, from, until, err := usage(ctx, p, l)
	if err != nil {
		return Sample{}, err
	}
	// No client is queried during a load: the answer would be part of it.
	if err := Sleep(ctx, l.Duration/10+settling); err != nil {
		return Sample{}, err
	}
	report, err := c.finish(ctx, p, dir)
	if err != nil {
		return Sample{}, err
	}
	exchanges, err := server.Stop(ctx)
	if err != nil {
		return Sample{}, err
	}
	n := between(exchanges, from, until)
	return Sample{
		Load: l, Arrivals: since(exchanges), Truth: truth(exchanges),
		CPU: used / time.Duration(max(n, 1)), Report: report,
	}, nil
}

// settling is how much later than its length a load may end.
const settling = 200 * time.Millisecond

// usage returns the run time of a process in the next nine tenths of its load: some clients end at once. Beside a
// neighbour, a process may end at any time, and usage returns 0.
func usage(ctx context.Context, p *Process, l Load) (used time.Duration, from, until time.Time, err error) {
	from = time.Now()
	d := l.Duration * 9 / 10
	if l.Beside {
		return 0, from, from.Add(d), Sleep(ctx, d)
	}
	before, err := p.CPU()
	if err != nil {
		return 0, from, until, err
	}
	if err := Sleep(ctx, d); err != nil {
		return 0, from, until, err
	}
	until = time.Now()
	after, err := p.CPU()
	return after - before, from, until, err
}

// since returns the arrivals as times after the first.
func since(exchanges []Exchange) []time.Duration {
	passed := make([]time.Duration, len(exchanges))
	for i, e := range exchanges {
		passed[i] = e.Arrived.Sub(exchanges[0].Arrived)
	}
	return passed
}

func truth(exchanges []Exchange) Quantiles {
	took := make([]time.Duration, len(exchanges))
	for i, e := range exchanges {
		took[i] = e.Took
	}
	return QuantilesOf(took)
}

func between(exchanges []Exchange, from, until time.Time) int {
	n := 0
	for _, e := range exchanges {
		if e.Arrived.After(from) && e.Arrived.Before(until) {
			n++
		}
	}
	return n
}

// Peer returns the executable file of a load generator.
func (r *Rig) Peer(name string) string { return filepath.Join(r.peers, name) }
