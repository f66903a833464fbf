package load

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"example.com/prober/prober/probe"
)

// Precision is what those have in common that wait for arrivals.
type Precision struct {
	alarm alarm
	// spinning bounds how many spin at once: each keeps a processor of the runtime
	// from all other goroutines.
	spinning *probe.Ceiling
	lateness lateness
}

// NewPrecision returns what the waiters of one process share.
func NewPrecision() *Precision {
	return &Precision{spinning: probe.NewCeiling(max(1, runtime.GOMAXPROCS(0)-1))}
}

// Waiter waits for the arrivals of one target, one after the other.
type Waiter struct {
	*Precision
	spin  bool
	timer *time.Timer
	bell  bell
}

// NewWaiter returns a waiter for one target. With spin it keeps a processor busy for the
// last stretch of each wait.
func NewWaiter(p *Precision, spin bool) *Waiter {
	w := &Waiter{Precision: p, spin: spin, timer: time.NewTimer(0), bell: newBell()}
	w.timer.Stop()
	return w
}

// Pause waits until the given moment or until ctx ends. It may return a little
// early. The last stretch is not slept: with spin as much as a sleeper may need to
// wake, otherwise as much as it usually takes, of which little is left to spin.
func (w *Waiter) Pause(ctx context.Context, until probe.Instant) {
	usual := w.lateness.usual()
	switch {
	case w.spin && w.spinning.TryAcquire(): // for the whole wait: then it has its turn for sure
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

// worthwhile is how many times longer than a sleeper takes to wake a wait is to be.
// Of a shorter one too much would be spun.
const worthwhile = 4

// sleep waits for what comes first: the runtime's timer, which is precise while the
// runtime has other work, or the bell, which is so while it has none. It reports whether
// it has waited until then.
func (w *Waiter) sleep(ctx context.Context, until probe.Instant) bool {
	wait := until.Sub(probe.Now())
	if wait <= 0 {
		return false
	}
	w.timer.Reset(wait)
	defer w.timer.Stop()
	w.alarm.ring(&w.bell, until)
	select {
	case <-w.timer.C:
		return true
	case <-w.bell.rung:
		return true
	case <-ctx.Done():
		w.alarm.silence(&w.bell)
		return false
	}
}

// lateness is the median of how late sleepers wake. An idle processor takes its time to
// wake up, about the same each time.
type lateness struct{ nanoseconds atomic.Int64 }

func (l *lateness) usual() time.Duration { return time.Duration(l.nanoseconds.Load()) }

// learn goes a step towards what was observed. So it finds the middle, however late a
// few wake, and is not far off when the processor's load has changed. If two learn at
// once, one of them does in vain.
func (l *lateness) learn(observed time.Duration) {
	const (
		step = time.Microsecond
		most = 50 * time.Microsecond // bounds what is spun when one wakes sooner than usual
	)
	usual := l.usual()
	if observed > usual {
		usual = min(usual+step, most)
	} else {
		usual = max(usual-step, 0)
	}
	l.nanoseconds.Store(int64(usual))
}
