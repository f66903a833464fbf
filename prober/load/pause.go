package load

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"example.com/prober/prober/probe"
)

// Precision is shared by all waiters of a process.
type Precision struct {
	alarm alarm
	// spinning bounds how many spin at once: each keeps a processor of the runtime from
	// all other goroutines.
	spinning *probe.Ceiling
	lateness lateness
}

// NewPrecision returns the shared state of the waiters of one process.
func NewPrecision() *Precision {
	return &Precision{spinning: probe.NewCeiling(max(1, runtime.GOMAXPROCS(0)-1))}
}

// Waiter waits for the arrivals of one target, one after the other.
type Waiter struct {
	*Precision
	spin   bool
	timer  *time.Timer
	wakeup wakeup
}

// NewWaiter returns a waiter for one target. With spin it keeps a processor busy for the
// last part of each wait.
func NewWaiter(p *Precision, spin bool) *Waiter {
	w := &Waiter{Precision: p, spin: spin, timer: time.NewTimer(0), wakeup: newWakeup()}
	w.timer.Stop()
	return w
}

// Pause waits until the given moment or until ctx ends. It may return a little early. It
// does not sleep for the last part of the wait. With spin this part is as long as a
// sleeper may need to wake. Without, it is as long as waking usually takes; little of it
// is left to spin.
func (w *Waiter) Pause(ctx context.Context, until probe.Instant) {
	usual := w.lateness.usual()
	switch {
	case w.spin && w.spinning.TryAcquire(): // for the whole wait, so its turn to spin is certain
		w.sleep(ctx, until.Add(-spinFor))
	case until.Sub(probe.Now()) < worthwhile*usual:
		w.sleep(ctx, until)
		return
	default:
		asked := until.Add(-usual)
		if w.sleep(ctx, asked) {
			w.lateness.learn(probe.Now().Sub(asked))
		}
		if !w.spinning.TryAcquire() {
			return
		}
	}
	defer w.spinning.Release()
	for probe.Now() < until && ctx.Err() == nil {
	}
}

// worthwhile is the least ratio of a wait to the usual lateness. In a shorter wait the
// spinning part would be too large.
const worthwhile = 4

// sleep waits for the runtime's timer or the wakeup, whichever comes first. The timer is
// precise while the runtime has other work, the wakeup while it has none. It reports
// whether it has waited until then.
func (w *Waiter) sleep(ctx context.Context, until probe.Instant) bool {
	wait := until.Sub(probe.Now())
	if wait <= 0 {
		return false
	}
	w.timer.Reset(wait)
	defer w.timer.Stop()
	w.alarm.wakeAt(&w.wakeup, until)
	select {
	case <-w.timer.C:
		return true
	case <-w.wakeup.signalled:
		return true
	case <-ctx.Done():
		w.alarm.stop(&w.wakeup)
		return false
	}
}

// lateness is the median of how late sleepers wake. An idle processor takes its time to
// wake, about the same each time.
type lateness struct{ nanoseconds atomic.Int64 }

func (l *lateness) usual() time.Duration { return time.Duration(l.nanoseconds.Load()) }

// learn goes a step towards the observed value. So it finds the median, however late a
// few wake, and soon follows a change of the processor's load. If two calls overlap, one
// of them has no effect.
func (l *lateness) learn(observed time.Duration) {
	const (
		step = time.Microsecond
		most = 50 * time.Microsecond // bounds the spinning after a wake that is earlier than usual
	)
	usual := l.usual()
	if observed > usual {
		usual = min(usual+step, most)
	} else {
		usual = max(usual-step, 0)
	}
	l.nanoseconds.Store(int64(usual))
}
