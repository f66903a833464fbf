package prober

import (
	"context"
	"runtime"
	"time"

	"example.com/prober/prober/transport"
)

// precision is what those have in common that wait for arrivals.
type precision struct {
	alarm alarm
	// spinning bounds how many spin at once: each keeps a processor of the runtime
	// from all other goroutines.
	spinning *transport.Ceiling
}

func newPrecision() *precision {
	return &precision{spinning: transport.NewCeiling(max(1, runtime.GOMAXPROCS(0)-1))}
}

// waiter waits for the arrivals of one target, one after the other.
type waiter struct {
	*precision
	spin  bool
	timer *time.Timer
	bell  bell
}

func newWaiter(p *precision, spin bool) *waiter {
	w := &waiter{precision: p, spin: spin, timer: time.NewTimer(0), bell: newBell()}
	w.timer.Stop()
	return w
}

// pause waits until the given moment or until ctx ends. It may return a little
// early. With spin the last stretch is not slept.
func (w *waiter) pause(ctx context.Context, until transport.Instant) {
	if !w.spin || !w.spinning.TryAcquire() {
		w.sleep(ctx, until)
		return
	}
	defer w.spinning.Release()
	w.sleep(ctx, until.Add(-spinFor))
	for transport.Now() < until && ctx.Err() == nil {
	}
}

// sleep waits for what comes first: the runtime's timer, which is precise while the
// runtime has other work, or the bell, which is so while it has none.
func (w *waiter) sleep(ctx context.Context, until transport.Instant) {
	wait := until.Sub(transport.Now())
	if wait <= 0 {
		return
	}
	w.timer.Reset(wait)
	defer w.timer.Stop()
	w.alarm.ring(&w.bell, until)
	select {
	case <-w.timer.C:
	case <-w.bell.rung:
	case <-ctx.Done():
		w.alarm.silence(&w.bell)
	}
}
