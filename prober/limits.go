package prober

import (
	"context"

	"example.com/prober/prober/probe"
)

// Limits are the ceilings of the process. They bind whatever the configuration
// says; 0 means none.
type Limits struct {
	// Rate is in requests per second.
	Rate float64
	// InFlight bounds the requests that have started and not ended.
	InFlight int
	// Connections bounds the open connections.
	Connections int
	// Targets bounds the number of targets.
	Targets int
	// KeptBodies bounds the memory for bodies that are looked at or decoded, in bytes.
	KeptBodies int
}

// limiter holds the ceilings in force and how much of them is in use.
type limiter struct {
	limits      Limits
	connections *probe.Ceiling
	gate        *gate // nil where no request can be held back
}

func newLimiter(l Limits) *limiter {
	limits := &limiter{limits: l, connections: probe.NewCeiling(l.Connections)}
	rate := newWindow(l.Rate)
	if rate == nil && l.InFlight <= 0 && limits.connections == nil {
		return limits
	}
	limits.gate = &gate{most: l.InFlight, rate: rate}
	limits.connections.OnChange(limits.gate.wake)
	return limits
}

// await waits until the request of t may start, and takes what it needs. It returns
// false, and has taken nothing, when that did not come before t or ctx ended.
func (l *limiter) await(ctx context.Context, t *ticket) bool {
	if l.gate == nil {
		return ctx.Err() == nil
	}
	t.patient = true
	_, ok, _ := l.gate.join(t)
	return ok || l.gate.wait(ctx, t)
}

// admit takes what the request of t needs to start. It waits for connections, but for
// other ceilings only in its turn among those that wait for them anyway; it calls hold
// before and after. When the request is held back, admit has taken nothing and says
// which ceiling is the reason.
func (l *limiter) admit(ctx context.Context, t *ticket, hold func(reason dropReason, workers int)) (held dropReason, ok bool) {
	if l.gate == nil {
		return 0, true
	}
	held, ok, waits := l.gate.join(t)
	if !waits {
		return held, ok
	}
	hold(held, 1)
	defer hold(held, -1)
	return held, l.gate.wait(ctx, t)
}

// next waits until a request that follows another, as after a redirect, may be sent.
// It returns false when ctx or the time ended before.
func (l *limiter) next(ctx context.Context, until probe.Instant) bool {
	return l.gate == nil || l.gate.pass(ctx, until)
}

// done gives back what the request of t needed while it was in flight.
func (l *limiter) done(t *ticket) {
	l.giveBack(t)
	l.leave()
}

// giveBack gives back what was reserved of connections for the request of t and was not
// used. It touches the request, and so is for the worker that has it.
func (l *limiter) giveBack(t *ticket) {
	if t.engine != nil {
		t.engine.Unreserve(t.result)
	}
}

// leave makes room for a request in flight.
func (l *limiter) leave() {
	if l.gate != nil {
		l.gate.leave()
	}
}

// inUse returns how many requests are in flight, and how many per second have started.
func (l *limiter) inUse() (inFlight, rate float64) {
	if l.gate == nil {
		return 0, 0
	}
	return l.gate.use(probe.Now())
}
