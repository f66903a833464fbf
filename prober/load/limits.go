package load

import (
	"cmp"
	"context"
	"time"

	"example.com/prober/prober/probe"
)

// Limits are the ceilings of the process. They bind whatever the configuration
// says; 0 means none.
type Limits struct {
	// Rate is in requests per RateSpan, which is a second unless it is set.
	Rate     float64
	RateSpan time.Duration
	// InFlight bounds the requests that have started and not ended.
	InFlight int
	// Connections bounds the open connections.
	Connections int
	// Targets bounds the number of targets.
	Targets int
	// KeptBodies bounds the memory for bodies that are looked at or decoded, in bytes.
	KeptBodies int
	// KeptFailures bounds the memory for the answers that are kept with failures, in bytes.
	KeptFailures int
}

// Limiter holds the ceilings in force and how much of them is in use.
type Limiter struct {
	Limits      Limits
	Connections *probe.Ceiling
	gate        *gate // nil where no request can be held back
}

// NewLimiter returns a limiter of which nothing is in use.
func NewLimiter(l Limits) *Limiter {
	limits := &Limiter{Limits: l, Connections: probe.NewCeiling(l.Connections)}
	rate := newWindow(l.Rate, cmp.Or(l.RateSpan, time.Second))
	if rate == nil && l.InFlight <= 0 && limits.Connections == nil {
		return limits
	}
	limits.gate = &gate{most: l.InFlight, rate: rate}
	limits.Connections.OnChange(limits.gate.wake)
	return limits
}

// MayHoldBack reports whether there is a ceiling for which requests may have to wait.
func (l *Limiter) MayHoldBack() bool { return l.gate != nil }

// Ticket returns what the worker with the result r shows for its requests. It gives up
// waiting when cut is closed.
func (l *Limiter) Ticket(r *probe.Result, cut <-chan struct{}) *Ticket {
	t := &Ticket{result: r}
	if l.MayHoldBack() {
		t.cut, t.granted = cut, make(chan struct{}, 1)
	}
	return t
}

// Await waits until the request of t may start, and takes what it needs. It returns
// false, and has taken nothing, when that did not come before t or ctx ended.
func (l *Limiter) Await(ctx context.Context, t *Ticket) bool {
	if l.gate == nil {
		return ctx.Err() == nil
	}
	t.patient = true
	_, ok, _ := l.gate.join(t)
	return ok || l.gate.wait(ctx, t)
}

// Admit takes what the request of t needs to start. It waits for connections, but for
// other ceilings only in its turn among those that wait for them anyway; it calls hold
// before and after. When the request is held back, admit has taken nothing and says
// which ceiling is the reason.
func (l *Limiter) Admit(ctx context.Context, t *Ticket, hold func(reason DropReason, workers int)) (held DropReason, ok bool) {
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

// Next waits until a request that follows another, as after a redirect, may be sent.
// It returns false when ctx or the time ended before.
func (l *Limiter) Next(ctx context.Context, until probe.Instant) bool {
	return l.gate == nil || l.gate.pass(ctx, until)
}

// Done gives back what the request of t needed while it was in flight.
func (l *Limiter) Done(t *Ticket) {
	l.GiveBack(t)
	l.Leave()
}

// GiveBack gives back what was reserved of connections for the request of t and was not
// used. It touches the request, and so is for the worker that has it.
func (l *Limiter) GiveBack(t *Ticket) {
	if t.engine != nil {
		t.engine.Unreserve(t.result)
	}
}

// Leave makes room for a request in flight.
func (l *Limiter) Leave() {
	if l.gate != nil {
		l.gate.leave()
	}
}

// Holding is what of the ceilings is taken and who waits for them: nothing and nobody
// when no request is under way.
type Holding struct {
	// InFlight requests have started and not ended, Connections are open.
	InFlight, Connections int
	// Waiting requests have not started; Patient of them wait for whatever it is. Hops are
	// those that go on after a redirect and wait for the rate.
	Waiting, Patient, Hops int
}

// Holding returns what the limiter holds now.
func (l *Limiter) Holding() (h Holding) {
	if l.gate != nil {
		h = l.gate.holding()
	}
	h.Connections = l.Connections.Used()
	return h
}

// InUse returns how many requests are in flight, and how many per second have started.
func (l *Limiter) InUse() (inFlight, rate float64) {
	if l.gate == nil {
		return 0, 0
	}
	return l.gate.use(probe.Now())
}
