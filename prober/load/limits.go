package load

import (
	"cmp"
	"context"
	"time"

	"example.com/prober/prober/probe"
)

// Limits are the ceilings of the process. They bind whatever the configuration says; 0
// means none.
type Limits struct {
	// Rate is in requests per RateSpan; RateSpan is a second unless set.
	Rate     float64
	RateSpan time.Duration
	// InFlight bounds the requests that have started and not ended.
	InFlight int
	// Connections bounds the open connections.
	Connections int
	// Targets bounds the number of targets.
	Targets int
	// KeptBodies bounds the memory for bodies to be checked or decoded, in bytes.
	KeptBodies int
	// KeptFailures bounds the memory for the answers of failures, in bytes.
	KeptFailures int
}

// Limiter holds the ceilings in force and how much of them is in use.
type Limiter struct {
	Limits      Limits
	Connections *probe.Ceiling
	gate        *gate // nil if no request can be held back
}

// NewLimiter returns an unused limiter.
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

// MayHoldBack reports whether requests may have to wait for a ceiling.
func (l *Limiter) MayHoldBack() bool { return l.gate != nil }

// Ticket returns the ticket of the worker with the result r, for its requests. The worker
// gives up waiting when cut is closed.
func (l *Limiter) Ticket(r *probe.Result, cut <-chan struct{}) *Ticket {
	t := &Ticket{result: r}
	if l.MayHoldBack() {
		t.cut, t.granted = cut, make(chan struct{}, 1)
	}
	return t
}

// Await waits until the request of t may start, and takes what it needs. If t or ctx ends
// first, Await takes nothing and returns false.
func (l *Limiter) Await(ctx context.Context, t *Ticket) bool {
	if l.gate == nil {
		return ctx.Err() == nil
	}
	t.patient = true
	_, ok, _ := l.gate.join(t)
	return ok || l.gate.wait(ctx, t)
}

// Admit takes what the request of t needs to start. It waits for connections. It waits for
// other ceilings only in its turn behind requests that wait for them anyway. It calls hold
// before and after. If the request is held back, Admit takes nothing and returns the
// ceiling as the reason.
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

// Next waits until a further request of a chain may be sent, such as after a redirect. It
// returns false if ctx or the time ends first.
func (l *Limiter) Next(ctx context.Context, until probe.Instant) bool {
	return l.gate == nil || l.gate.pass(ctx, until)
}

// Done releases what the request of t needed while it was in flight.
func (l *Limiter) Done(t *Ticket) {
	l.GiveBack(t)
	l.Leave()
}

// GiveBack releases unused connection reservations of the request of t. It touches the
// request, so only the worker of the request may call it.
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

// Holding is the usage of the ceilings and the number of waiting requests. All fields are 0
// when no request is under way.
type Holding struct {
	// InFlight requests have started and not ended, Connections are open.
	InFlight, Connections int
	// Waiting requests have not started; Patient ones of them wait for any ceiling. Hops go
	// on after a redirect and wait for the rate.
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
