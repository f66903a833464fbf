package throughput

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"example.com/prober/bench/rig"
)

// client keeps so many requests in flight for a while, as fast as they are answered.
type client interface {
	name() string
	does(l load) bool
	start(ctx context.Context, b *bench, l load, dir string) (*attempt, error)
}

// attempt is a client under way. finish waits for its end and returns what it says.
type attempt struct {
	process *rig.Process
	finish  func(ctx context.Context) (report, error)
}

// report is what a client says about its load. Latencies are in seconds, NaN where it
// does not tell them.
type report struct {
	requests int
	rate     float64 // per second
	p50, p99 float64
	failures int
}

// sample is one run of one client.
type sample struct {
	report

	cpu    float64 // seconds per request
	memory float64 // at most, in bytes
}

// bench is what the measurements share.
type bench struct {
	rig      *rig.Rig
	servers  *servers
	duration time.Duration // of a load
}

// measure lets a client make a load. The processor time is that of the middle of the
// load, divided by the requests of that time: its share of them all is the share of what
// the server has written.
func (b *bench) measure(ctx context.Context, c client, l load) (sample, error) {
	const allowance = time.Minute // for starting, ending and reporting
	ctx, cancel := context.WithTimeoutCause(ctx, b.duration+allowance, errors.New("it took too long"))
	defer cancel()
	b.servers.turn()
	dir, err := os.MkdirTemp(b.servers.dir, "run-")
	if err != nil {
		return sample{}, err
	}
	s, err := b.watch(ctx, c, l, dir)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %v: %w", c.name(), l, err)
	}
	return s, nil
}

func (b *bench) watch(ctx context.Context, c client, l load, dir string) (s sample, err error) {
	server, _ := b.servers.of(l)
	idle, err := awaitRest(ctx, server.process)
	if err != nil {
		return s, err
	}
	running, err := c.start(ctx, b, l, dir)
	if err != nil {
		return s, err
	}
	if err := awaitWork(ctx, server.process, running.process, idle); err != nil {
		return s, errors.Join(err, running.process.Terminate(ctx))
	}
	before, beforeErr := b.after(ctx, b.duration/5, server, running)
	after, afterErr := b.after(ctx, b.duration*3/5, server, running)
	_, peak, memoryErr := running.process.Memory()
	if err := errors.Join(beforeErr, afterErr, memoryErr); err != nil {
		return s, err
	}
	if s.report, err = running.finish(ctx); err != nil {
		return s, err
	}
	end, err := server.process.Written()
	share := float64(after.written-before.written) / float64(end-idle)
	s.cpu = (after.cpu - before.cpu).Seconds() / (share * float64(s.requests))
	s.memory = float64(peak)
	if err == nil && (s.requests == 0 || math.IsNaN(s.cpu) || math.IsInf(s.cpu, 0)) {
		err = errors.New("nothing was measured")
	}
	return s, err
}

// state is how far a client and its server have come.
type state struct {
	cpu     time.Duration // of the client
	written int64         // by the server
}

func (b *bench) after(ctx context.Context, d time.Duration, s server, a *attempt) (state, error) {
	if err := rig.Sleep(ctx, d); err != nil {
		return state{}, err
	}
	return stateOf(a.process, s.process)
}

func stateOf(client, server *rig.Process) (state, error) {
	cpu, cpuErr := client.CPU()
	written, writtenErr := server.Written()
	return state{cpu, written}, errors.Join(cpuErr, writtenErr)
}

// awaitRest returns what the server has written when it writes no more: what it still had
// to say to the client before is said.
func awaitRest(ctx context.Context, server *rig.Process) (written int64, err error) {
	const pause = 50 * time.Millisecond
	for last := int64(-1); err == nil && last != written; {
		last = written
		if err = rig.Sleep(ctx, pause); err == nil {
			written, err = server.Written()
		}
	}
	return written, err
}

// awaitWork returns when the server answers a client: when it has written more than the
// client's start takes.
func awaitWork(ctx context.Context, server, client *rig.Process, idle int64) error {
	const pause = 5 * time.Millisecond
	const start = 64 << 10
	for {
		written, err := server.Written()
		if err != nil || written-idle > start {
			return err
		}
		select {
		case <-client.Ended():
			return errors.Join(errors.New("it ended before the server had work"), client.Wait(ctx))
		default:
		}
		if err := rig.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}
