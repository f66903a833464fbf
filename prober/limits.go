package prober

import (
	"context"
	"sync"
	"time"

	"example.com/prober/prober/transport"
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
}

// limiter holds the ceilings in force and how much of them is in use.
type limiter struct {
	limits      Limits
	rate        *window
	inFlight    *transport.Ceiling
	connections *transport.Ceiling
}

func newLimiter(l Limits) *limiter {
	return &limiter{
		limits:      l,
		rate:        newWindow(l.Rate),
		inFlight:    transport.NewCeiling(l.InFlight),
		connections: transport.NewCeiling(l.Connections),
	}
}

// admit takes what a request needs to start. When it is held back it says which
// ceiling did so and takes nothing.
func (l *limiter) admit(now transport.Instant) (held dropReason, ok bool) {
	if !l.inFlight.TryAcquire() {
		return dropLimitInFlight, false
	}
	if wait := l.rate.take(now); wait > 0 {
		l.inFlight.Release()
		return dropLimitRate, false
	}
	return 0, true
}

// await waits until a request may start, and takes what it needs. It returns
// false when ctx ends first.
func (l *limiter) await(ctx context.Context) bool {
	if !l.inFlight.Acquire(ctx) {
		return false
	}
	for l.rate != nil {
		wait := l.rate.take(transport.Now())
		if wait == 0 {
			return true
		}
		if !sleep(ctx, wait) {
			l.inFlight.Release()
			return false
		}
	}
	return true
}

// done gives back what a request needed while it was in flight.
func (l *limiter) done() { l.inFlight.Release() }

// window admits at most n requests in any span of time of its length. A token
// bucket would let through its rate and, on top, its depth within one second;
// this remembers when each of the last n requests started.
type window struct {
	mu     sync.Mutex
	length time.Duration
	starts []transport.Instant // a ring; next is the oldest
	next   int
}

// newWindow returns the window for a rate per second, nil for no ceiling. A rate
// below 1 makes a window longer than a second.
func newWindow(rate float64) *window {
	if rate <= 0 {
		return nil
	}
	n := max(1, int(rate))
	return &window{
		length: time.Duration(float64(n) / rate * float64(time.Second)),
		starts: make([]transport.Instant, n),
	}
}

// take admits one request at now and returns 0, or returns how long to wait
// before there may be room.
func (w *window) take(now transport.Instant) time.Duration {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	oldest := w.starts[w.next]
	if free := oldest.Add(w.length); oldest != 0 && now < free {
		return free.Sub(now)
	}
	w.starts[w.next] = now
	w.next = (w.next + 1) % len(w.starts)
	return 0
}

// used returns how many requests the window has admitted within its length.
func (w *window) used(now transport.Instant) int {
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, start := range w.starts {
		if start != 0 && now < start.Add(w.length) {
			n++
		}
	}
	return n
}
