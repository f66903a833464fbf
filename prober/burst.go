package prober

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/config"
	"example.com/prober/prober/transport"
)

// errReload ends a burst because its target was changed or removed.
var errReload = errors.New("the configuration of the target was changed")

// burst is one burst of a target under way.
type burst struct {
	*target
	start transport.Instant
	slot  int64 // which slot since the Unix epoch; random arrivals hang on it

	// turn holds the token of the one worker that waits for the next arrival of an
	// open burst. When it is due, that worker hands the turn on and sends the
	// request itself, so that no wake-up of another goroutine lies between the two.
	turn chan struct{}
	// left counts the requests that a closed burst has still to send.
	left atomic.Int64
	// cut is closed when the breaker ends the burst: who waits at the gate gives up. It
	// is nil where there is no gate.
	cut     chan struct{}
	cutOnce sync.Once
}

// fire runs the burst of a slot and returns when its last request has ended. When schedule
// ends, no further request starts; requests is the context of those that have.
func (t *target) fire(schedule, requests context.Context, slot int64) {
	if t.spared() == 0 { // nobody could send anything
		t.recorder.skip(1)
		return
	}
	b := &burst{target: t, start: transport.Now(), slot: slot, turn: make(chan struct{}, 1)}
	if t.limiter.gate != nil {
		b.cut = make(chan struct{})
	}
	if t.cfg.Connection.Reuse == config.ReuseBurst {
		defer t.engine.CloseIdle()
	}
	work, workers := b.prepare()
	newWatchdog(requests, func(requests context.Context, w *worker) { work(schedule, requests, w) }, b.stuck).
		run(min(workers, b.spared()), t.cfg.Timeout+stuckAfter)
	t.recorder.endBurst(transport.Now().Sub(b.start), stopReason(schedule))
}

// prepare announces the burst to the recorder and returns what its workers do
// and how many there are: no more than requests to send. While the breaker is
// open one request is all.
func (b *burst) prepare() (work func(schedule, requests context.Context, w *worker), workers int) {
	plan := b.cfg.Burst
	switch {
	case b.recorder.breakerOpen():
		b.recorder.startBurst(nil)
		b.left.Store(1)
		return b.closed, 1
	case isOpen(plan):
		p := newPacer(plan, b.cfg.Name, b.slot, b.part)
		b.recorder.startBurst(newArrivals(p, b.start, b.cfg.Timeout))
		return b.open, min(plan.Concurrency, int(min(p.mean(), float64(plan.Concurrency)))+1)
	default:
		b.recorder.startBurst(nil)
		return b.closed, b.prepareClosed()
	}
}

// prepareClosed divides a closed burst among the shards: its requests exactly,
// its workers as far as each shard with requests has one.
func (b *burst) prepareClosed() (workers int) {
	workers = b.part.share(b.cfg.Burst.Concurrency)
	if b.cfg.Burst.Requests == 0 {
		b.left.Store(math.MaxInt64)
		return workers
	}
	requests := b.part.share(b.cfg.Burst.Requests)
	b.left.Store(int64(requests))
	return min(requests, max(workers, 1))
}

// isOpen tells whether arrivals have due times of their own.
func isOpen(b config.Burst) bool { return b.Rate > 0 || len(b.Stages) > 0 }

// closed sends one request after another until the burst is over. A request is
// due when the ceilings of the process let it start.
func (b *burst) closed(schedule, requests context.Context, w *worker) {
	pass := b.ticket(w)
	d := b.cfg.Burst.Duration
	if d > 0 {
		pass.until = b.start.Add(d)
	}
	for b.left.Add(-1) >= 0 && b.limiter.await(schedule, pass) {
		now := transport.Now()
		if schedule.Err() != nil || d > 0 && now.Sub(b.start) >= d || !b.recorder.begin() {
			b.limiter.done(pass)
			return
		}
		if !b.exchange(requests, now, now, w) {
			return
		}
	}
}

// open sends the arrivals that this worker gets hold of until none is left.
func (b *burst) open(schedule, requests context.Context, w *worker) {
	pass := b.ticket(w)
	for {
		due, ok := b.next(schedule)
		if !ok {
			return
		}
		pass.until = due.Add(b.cfg.Timeout)
		if reason, ok := b.limiter.admit(schedule, pass, b.recorder.hold); !ok {
			b.recorder.holdBack(b.reasonOf(schedule, reason))
			continue
		}
		if !b.exchange(requests, due, transport.Now(), w) {
			return
		}
	}
}

// ticket gives w what it shows to the limiter, and returns it.
func (b *burst) ticket(w *worker) *ticket {
	t := &ticket{result: &w.result}
	w.pass = t
	if b.limiter.gate != nil {
		t.cut, t.granted = b.cut, make(chan struct{}, 1)
		t.engine, t.shares = b.reserver, b.reserver != nil && b.reserver.Shares()
	}
	return t
}

// next waits for this worker's turn and for the next arrival, and returns when
// that was due.
func (b *burst) next(schedule context.Context) (due transport.Instant, ok bool) {
	free := transport.Now()
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	for schedule.Err() == nil {
		due, state := b.recorder.claim(transport.Now(), free)
		switch state {
		case claimed:
			return due, true
		case exhausted:
			return 0, false
		}
		b.pause(schedule, due)
	}
	return 0, false
}

// reasonOf says why an arrival that a ceiling has held back did not start: for that
// ceiling, unless the burst has ended meanwhile.
func (b *burst) reasonOf(schedule context.Context, held dropReason) dropReason {
	select {
	case <-b.cut:
		return dropBreaker
	case <-schedule.Done():
		return stopReason(schedule)
	default:
		return held
	}
}

// stopReason says why arrivals that are left over did not start.
func stopReason(schedule context.Context) dropReason {
	if schedule.Err() == nil {
		return dropTimeout
	}
	if errors.Is(context.Cause(schedule), errReload) {
		return dropReload
	}
	return dropShutdown
}

// sleep waits for d or until ctx ends, and tells whether d has passed.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
