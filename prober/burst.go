package prober

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/config"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// errReload ends a burst because its target was changed or removed.
var errReload = errors.New("the configuration of the target was changed")

// burst is one burst of a target under way.
type burst struct {
	*target
	start probe.Instant
	slot  int64 // since the Unix epoch; random arrivals depend on it

	// turn holds the token of the worker that waits for the next arrival of an open burst.
	// When it is due, this worker hands the turn on and sends the request itself. So no
	// wake-up of another goroutine lies between the two.
	turn chan struct{}
	// isOpen means that the arrivals have due times of their own.
	isOpen bool
	// mix gives the request of an arrival; nil for a target with one request or a journey.
	mix *load.Mix
	// left counts the requests, or journeys, that a closed burst has still to send.
	// planned is their number at the start. unsent counts requests that workers took and
	// gave up because the burst was ended.
	left, unsent atomic.Int64
	planned      int64
	// cut is closed when the breaker ends the burst: workers at the gate give up. It is
	// nil without a gate.
	cut     chan struct{}
	cutOnce sync.Once
}

// fire runs the burst of a slot and returns when its last request has ended. When schedule
// ends, no further request starts; requests is the context of requests in flight.
func (t *target) fire(schedule, requests context.Context, slot int64) {
	t.fireAt(schedule, requests, probe.Now(), slot)
}

// fireAt is fire for a known start.
func (t *target) fireAt(schedule, requests context.Context, start probe.Instant, slot int64) {
	if t.spared() == 0 { // nobody could send anything
		t.recorder.Skip(load.SkipStuck, 1)
		return
	}
	t.watch.enter()
	defer t.watch.leave()
	b := &burst{target: t, start: start, slot: slot, turn: make(chan struct{}, 1)}
	b.mix = load.NewMix(t.load.Weights, t.load.Name, slot)
	if t.limiter.MayHoldBack() {
		b.cut = make(chan struct{})
	}
	defer t.endConnections()
	work, workers := b.prepare()
	stopped := b.stopWith(schedule)
	newWatchdog(requests, func(requests context.Context, w *worker) { work(schedule, requests, w) }, b.stuck, t.watch).
		// The period is the earliest time at which a request can be stuck.
		run(min(workers, b.spared()), slices.Min(t.current.Load().timeouts)+stuckAfter)
	stopped()
	if n := b.unsent.Load(); n > 0 {
		t.recorder.CutClosed(stopReason(schedule), b.unscheduled(n))
	}
	t.recorder.EndBurst(probe.Now().Sub(b.start), stopReason(schedule))
}

// endConnections closes the connections if they are for one burst only.
func (t *target) endConnections() {
	s := t.hold()
	defer s.letGo()
	if s.cfg.Connection.Reuse == config.ReuseBurst {
		s.engine.CloseIdle()
	}
}

// stopWith ends the plan of the burst as soon as schedule ends, not when its requests have
// ended. wait cancels that; if it has begun, wait waits for it.
func (b *burst) stopWith(schedule context.Context) (wait func()) {
	done := make(chan struct{})
	release := context.AfterFunc(schedule, func() {
		defer close(done)
		b.recorder.Stop(stopReason(schedule))
	})
	return func() {
		// The plan is being ended at this moment. EndBurst must come after that.
		if !release() {
			<-done
		}
	}
}

// unscheduled returns how many requests of a closed burst were never due because its
// workers gave up some. It is 0 if only the duration ends the burst.
func (b *burst) unscheduled(unsent int64) uint64 {
	if b.load.Burst.Requests == 0 {
		return 0
	}
	return uint64(unsent + max(b.left.Load(), 0))
}

// prepare announces the burst to the recorder and returns the work of its workers and
// their number, which is at most the number of requests. While the breaker is open the
// burst is one request.
func (b *burst) prepare() (work func(schedule, requests context.Context, w *worker), workers int) {
	plan := &b.load.Burst
	switch {
	case b.recorder.BreakerOpen():
		b.recorder.StartBurst(nil)
		b.plan(1)
		return b.closed, 1
	case plan.IsOpen():
		p := load.NewPacer(plan, b.load.Name, b.slot, b.part)
		// A burst of few arrivals needs no more workers than these, and a worker is a
		// goroutine with a result of its own.
		workers := min(plan.Concurrency, int(min(p.Mean(), float64(plan.Concurrency)))+1)
		b.startOpen(p, workers)
		return b.open, workers
	default:
		b.recorder.StartBurst(nil)
		return b.closed, b.prepareClosed()
	}
}

// startOpen announces an open burst with the current timeouts.
func (b *burst) startOpen(p *load.Pacer, workers int) {
	// With this lock held no reload can change the timeouts between their reading and the
	// announcement: Adopt would miss these arrivals.
	b.senders.mu.Lock()
	defer b.senders.mu.Unlock()
	a := load.NewArrivals(p, b.mix, b.start, b.current.Load().timeouts, b.watch.within)
	a.Workers, a.Has = workers, b.load.Burst.Concurrency
	b.isOpen = true
	b.recorder.StartBurst(a)
}

// prepareClosed divides a closed burst among the shards. It divides the requests exactly;
// each shard with requests has at least one worker.
func (b *burst) prepareClosed() (workers int) {
	workers = b.part.Share(b.load.Burst.Concurrency)
	if b.load.Burst.Requests == 0 {
		b.plan(math.MaxInt64)
		return workers
	}
	requests := b.part.Share(b.load.Burst.Requests)
	b.plan(int64(requests))
	return min(requests, max(workers, 1))
}

// plan notes how many requests a closed burst has to send.
func (b *burst) plan(requests int64) {
	b.planned = requests
	b.left.Store(requests)
}

// closed sends one request after another until the burst is over. A request is due when
// the ceilings of the process let it start.
func (b *burst) closed(schedule, requests context.Context, w *worker) {
	w.pass = b.limiter.Ticket(&w.result, b.cut)
	if d := b.load.Burst.Duration; d > 0 {
		w.pass.Until = b.start.Add(d)
	}
	for {
		// Taken before the wait, so that no two workers wait for the same request.
		left := b.left.Add(-1)
		if left >= 0 {
			b.rival.await(schedule)
		}
		if left < 0 || !b.sendNext(schedule, requests, w, b.mix.Request(b.part.Global(b.planned-1-left))) {
			return
		}
	}
}

// sendNext sends the next request of a closed burst. It returns false when the burst is
// over for this worker.
func (b *burst) sendNext(schedule, requests context.Context, w *worker, request int) (goOn bool) {
	s := b.hold()
	defer s.letGo()
	w.pass.Lead(s.reserver)
	if !b.limiter.Await(schedule, w.pass) {
		b.giveUp(schedule, w.pass)
		return false
	}
	now := probe.Now()
	if w.pass.IsOver(now) {
		b.limiter.Done(w.pass)
		return false
	}
	// The burst may have ended while the ceilings were waited for.
	if schedule.Err() != nil || !b.recorder.Begin(request) {
		b.limiter.Done(w.pass)
		b.unsent.Add(1)
		return false
	}
	return b.perform(schedule, requests, s, w, load.Arrival{Request: request, Due: now}, now)
}

// giveUp counts the request of a worker of a closed burst as unsent, unless the burst was
// over anyway.
func (b *burst) giveUp(schedule context.Context, pass *load.Ticket) {
	if !pass.IsOver(probe.Now()) && (schedule.Err() != nil || b.isCut()) {
		b.unsent.Add(1)
	}
}

// open sends arrivals until none is left for this worker.
func (b *burst) open(schedule, requests context.Context, w *worker) {
	w.pass = b.limiter.Ticket(&w.result, b.cut)
	for {
		next, ok := b.next(schedule)
		if !ok || !b.sendArrival(schedule, requests, w, next) {
			return
		}
	}
}

// sendArrival sends an arrival unless a ceiling holds it back for too long. It returns
// false if the worker must leave.
func (b *burst) sendArrival(schedule, requests context.Context, w *worker, next load.Arrival) (goOn bool) {
	s := b.hold()
	defer s.letGo()
	w.pass.Lead(s.reserver)
	w.pass.Until = next.Due.Add(s.timeouts[next.Request])
	if reason, ok := b.limiter.Admit(schedule, w.pass, b.recorder.Hold); !ok {
		b.recorder.HoldBack(next.Request, b.reasonOf(schedule, reason))
		return true
	}
	if b.limiter.MayHoldBack() {
		b.recorder.Start(next.Request)
	}
	return b.perform(schedule, requests, s, w, next, probe.Now())
}

// next waits for this worker's turn and for the next arrival.
func (b *burst) next(schedule context.Context) (next load.Arrival, ok bool) {
	free := probe.Now()
	// The worker with the turn leaves with an arrival or when schedule ends. So this wait
	// ends, too.
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	for schedule.Err() == nil {
		next, state := b.claim(free)
		switch state {
		case load.Claimed:
			return next, true
		case load.Exhausted:
			return load.Arrival{}, false
		}
		b.pause(schedule, next.Due)
	}
	return load.Arrival{}, false
}

// claim takes the next arrival if it is due. If no ceiling can hold it back, claim also
// starts it and saves one lock.
func (b *burst) claim(free probe.Instant) (next load.Arrival, state load.ClaimState) {
	if b.limiter.MayHoldBack() {
		return b.recorder.Reserve(probe.Now(), free)
	}
	return b.recorder.Claim(probe.Now(), free)
}

// reasonOf returns why an arrival did not start: held, the reason of the ceiling that held
// it back, unless the burst has ended meanwhile.
func (b *burst) reasonOf(schedule context.Context, held load.DropReason) load.DropReason {
	switch {
	case b.isCut():
		return load.DropBreaker
	case schedule.Err() != nil:
		return stopReason(schedule)
	default:
		return held
	}
}

// isCut reports whether the breaker has ended the burst. It is false without a gate.
func (b *burst) isCut() bool {
	select {
	case <-b.cut:
		return true
	default:
		return false
	}
}

// stopReason returns why the remaining arrivals did not start.
func stopReason(schedule context.Context) load.DropReason {
	if schedule.Err() == nil {
		return load.DropTimeout
	}
	if errors.Is(context.Cause(schedule), errReload) {
		return load.DropReload
	}
	return load.DropShutdown
}

// sleep waits for d or until ctx ends, and reports whether d has passed.
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
