// Package closed measures clients that keep a number of requests in flight, as fast as they are answered: the cost of a
// request, and the rate.
package closed

import (
	"context"
	"errors"
	"math"
	"time"

	"example.com/prober/bench/rig"
)

// Attempt is a client under way. Finish waits for its end and returns its report.
type Attempt struct {
	Process *rig.Process
	Finish  func(ctx context.Context) (Report, error)
}

// Report is the report of a client about its load. Latencies are in seconds, NaN if it does not report them.
type Report struct {
	Requests int
	Rate     float64 // per second
	P50, P99 float64
	Failures int
}

// Sample is one run of one client.
type Sample struct {
	Report

	CPU    float64 // seconds per request
	Memory float64 // at most, in bytes
}

// Meter measures the progress of a server.
type Meter struct {
	// Read returns a number that grows by the same amount with each answer, or nearly so.
	Read func() (int64, error)
	// Start is more than the number grows by while a client starts.
	Start int64
}

// Client is a client to compare. Start begins one of its runs. Meter is the meter of its server.
type Client struct {
	Name  string
	Meter Meter
	Start func(ctx context.Context) (*Attempt, error)
}

// Measure lets a client make a load of the length d. The processor time is that of the middle of the load, divided by
// the requests in the middle. The counts of the meter give their share of all requests.
func (c Client) Measure(ctx context.Context, d time.Duration) (s Sample, err error) {
	const allowance = time.Minute // for starting, ending and reporting
	ctx, cancel := context.WithTimeoutCause(ctx, d+allowance, errors.New("it took too long"))
	defer cancel()
	idle, err := c.Meter.awaitRest(ctx)
	if err != nil {
		return s, err
	}
	running, err := c.Start(ctx)
	if err != nil {
		return s, err
	}
	if err := c.Meter.awaitWork(ctx, running.Process, idle); err != nil {
		return s, errors.Join(err, running.Process.Terminate(ctx))
	}
	before, beforeErr := c.Meter.after(ctx, d/5, running.Process)
	after, afterErr := c.Meter.after(ctx, d*3/5, running.Process)
	_, peak, memoryErr := running.Process.Memory()
	if err := errors.Join(beforeErr, afterErr, memoryErr); err != nil {
		return s, err
	}
	if s.Report, err = running.Finish(ctx); err != nil {
		return s, err
	}
	end, err := c.Meter.Read()
	share := float64(after.done-before.done) / float64(end-idle)
	s.CPU = (after.cpu - before.cpu).Seconds() / (share * float64(s.Requests))
	s.Memory = float64(peak)
	if err == nil && (s.Requests == 0 || math.IsNaN(s.CPU) || math.IsInf(s.CPU, 0)) {
		err = errors.New("nothing was measured")
	}
	return s, err
}

// state is the progress of a client and its server.
type state struct {
	cpu  time.Duration // of the client
	done int64         // by the server
}

func (m Meter) after(ctx context.Context, d time.Duration, client *rig.Process) (state, error) {
	if err := rig.Sleep(ctx, d); err != nil {
		return state{}, err
	}
	cpu, cpuErr := client.CPU()
	done, doneErr := m.Read()
	return state{cpu, done}, errors.Join(cpuErr, doneErr)
}

// awaitRest returns the server's count once it rests, after the last answers to the previous client.
func (m Meter) awaitRest(ctx context.Context) (done int64, err error) {
	const pause = 50 * time.Millisecond
	for last := int64(-1); err == nil && last != done; {
		last = done
		if err = rig.Sleep(ctx, pause); err == nil {
			done, err = m.Read()
		}
	}
	return done, err
}

// awaitWork returns when the server answers a client: when its count has grown by more than the client's start takes.
func (m Meter) awaitWork(ctx context.Context, client *rig.Process, idle int64) error {
	const pause = 5 * time.Millisecond
	for {
		done, err := m.Read()
		if err != nil || done-idle > m.Start {
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
