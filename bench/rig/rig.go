// Package rig is what the benchmarks have in common: a neutral server on one core, load
// generators on another, and what each of them says about the same load.
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
	scratch                string // a directory that is removed with the rig
}

// Options say where the programs are.
type Options struct {
	// Prober and Server are executable files, Peers a directory of them.
	Prober, Server, Peers string
	// ServerCore and ClientCore are numbers of cores.
	ServerCore, ClientCore int
	// Realtime gives the server and the clients precedence over all other programs of
	// the machine, by the scheduling class SCHED_RR; it takes privileges.
	Realtime bool
}

// New makes a rig and keeps this process off the core of the clients.
func New(ctx context.Context, o Options) (*Rig, error) {
	keepOff := exec.CommandContext(ctx, "taskset", "-a", "-c", "-p", strconv.Itoa(o.ServerCore), strconv.Itoa(os.Getpid()))
	if out, err := keepOff.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("taskset: %w: %s", err, out)
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

// Load is what a client is asked to do.
type Load struct {
	URL      string
	Rate     int // requests per second
	Duration time.Duration
	InFlight int // at most
}

// Due is how many requests the load has.
func (l Load) Due() int { return int(float64(l.Rate) * l.Duration.Seconds()) }

// Report is what a client says about the load that it made.
type Report struct {
	Latency Quantiles
	// Requests is how many of them that is about.
	Requests int
	// Lag is the client's own lateness, where it knows it.
	Lag Quantiles
}

// Client is a load generator.
type Client interface {
	Name() string
	// command prepares files in dir and returns the program with its arguments.
	command(r *Rig, l Load, dir string) ([]string, error)
	// finish returns what the program says, once its load is over and it has ended.
	finish(ctx context.Context, p *Process, dir string) (Report, error)
	// warmUp is how many requests it sends before those of the load.
	warmUp(l Load) int
}

// Sample is one run of one client.
type Sample struct {
	Load Load
	// Arrivals is when each request reached the server, after the first of them.
	Arrivals []time.Duration
	// CPU is the client's per request, without its start and its end.
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
		return Sample{}, fmt.Errorf("%s at %d/s: %w", c.Name(), l.Rate, err)
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
	p, err := r.start(ctx, r.clientCore, command[0], command[1:]...)
	if err != nil {
		return Sample{}, err
	}
	if err := server.AwaitFirst(ctx, p); err != nil {
		return Sample{}, errors.Join(err, p.terminate(ctx))
	}
	used, from, until, err := usage(ctx, p, l.Duration*9/10) // some clients end at once
	if err != nil {
		return Sample{}, err
	}
	report, err := c.finish(ctx, p, dir)
	if err != nil {
		return Sample{}, err
	}
	arrivals, err := server.Stop(ctx)
	if err != nil {
		return Sample{}, err
	}
	return Sample{Load: l, Arrivals: since(arrivals), CPU: used / time.Duration(max(between(arrivals, from, until), 1)), Report: report}, nil
}

// usage returns how long a process runs within d from now.
func usage(ctx context.Context, p *Process, d time.Duration) (used time.Duration, from, until time.Time, err error) {
	from = time.Now()
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
func since(arrivals []time.Time) []time.Duration {
	passed := make([]time.Duration, len(arrivals))
	for i, at := range arrivals {
		passed[i] = at.Sub(arrivals[0])
	}
	return passed
}

func between(arrivals []time.Time, from, until time.Time) int {
	n := 0
	for _, at := range arrivals {
		if at.After(from) && at.Before(until) {
			n++
		}
	}
	return n
}

func (r *Rig) peer(name string) string { return filepath.Join(r.peers, name) }
