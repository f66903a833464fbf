package prober

import (
	"context"
	"errors"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// ending is the end of a request.
type ending struct {
	code errcode.Code
	// dropped means that the request was dropped unsent. taken means that it was taken from
	// the worker, which must leave then. In both cases code has no meaning.
	dropped, taken bool
}

// perform sends an arrival with s: a request or a journey. The ceilings have let it through
// at start. It returns false if the worker must leave.
func (b *burst) perform(schedule, requests context.Context, s *sender, w *worker, a load.Arrival, start probe.Instant) (goOn bool) {
	if b.load.IsJourney() {
		return b.travel(schedule, requests, s, w, a.Due, start)
	}
	return !b.exchange(requests, s, w, a, start).taken
}

// exchange sends a request with s. The ceilings have let it through at start.
func (b *burst) exchange(requests context.Context, s *sender, w *worker, a load.Arrival, start probe.Instant) (e ending) {
	r := &w.result
	b.show(w, s)
	r.Reset(a.Due, a.Due.Add(s.timeouts[a.Request]))
	r.Request, r.Taken, r.Start = a.Request, start, start
	// From here on the watchdog may take the request, so nothing is written to w but its
	// result.
	w.begin(r)
	e.code = b.serve(requests, s, r)
	// From the moment it was taken, the request has been counted and its place has been
	// given back. Nothing of it may be counted here again.
	if !w.end() {
		b.hung.Add(-1)
		b.limiter.GiveBack(w.pass)
		return ending{taken: true}
	}
	e.dropped = b.finishRequest(r, e.code)
	b.limiter.Done(w.pass)
	return e
}

// serve has the engine of s perform a request and judges the result. A panic is a failure of
// this request only.
func (b *burst) serve(requests context.Context, s *sender, r *probe.Result) (code errcode.Code) {
	defer func() {
		if v := recover(); v != nil {
			r.Interrupt(probe.Panicked(v))
			code = errcode.Panic
		}
	}()
	if err := s.requests[r.Request].draw(r); err != nil {
		r.Interrupt(err)
		return errcode.FromError(r.Err)
	}
	s.engine.Do(requests, r)
	return apportion(r, b.judge(s, r))
}

// finishRequest counts a request that has ended. It drops a request that was never sent
// because it got no connection.
func (b *burst) finishRequest(r *probe.Result, code errcode.Code) (dropped bool) {
	// The ceiling is the prober's own: to count this as a failure would blame the target.
	if errors.Is(r.Err, probe.ErrConnectionLimit) && !wasSent(r) {
		b.recorder.DropUnsent(r.Request, load.DropLimitConnections)
		return true
	}
	if code == errcode.Panic {
		b.reports.defect(code, r.Err.Error)
	}
	for _, observe := range b.observers {
		observe(r, code)
	}
	if tripped := b.recorder.End(r, code); tripped {
		open, after := b.recorder.BreakerState()
		if open && b.cut != nil {
			// Requests still in flight may close the breaker and open it again within the
			// burst.
			b.cutOnce.Do(func() { close(b.cut) })
		}
		b.reports.breaker(open, after)
	}
	return false
}

// wasSent reports whether a request that got no connection in the end was sent on another one
// before.
func wasSent(r *probe.Result) bool {
	return r.HTTP != nil && (len(r.HTTP.Hops) > 0 || r.HTTP.Resent) || r.DNS != nil && r.DNS.Cut
}

// stuck counts a request that was taken from a worker. Another worker takes its place unless
// as many workers hang as the target may have. So fewer than twice as many can hang.
func (b *burst) stuck(w *worker) (replace bool) {
	b.hung.Add(1)
	// The engine may still write to the worker's result, so the failure is written to
	// another.
	var r probe.Result
	r.Reset(w.due, w.deadline)
	r.Request, r.Taken, r.Start = w.request, w.start, w.start
	r.Interrupt(errStuck)
	b.finishRequest(&r, errcode.Stuck)
	if b.load.IsJourney() {
		b.endJourney(&w.journey, numbers.JourneyInterrupted, w.request, r.End)
	}
	// GiveBack would touch the request, so only its place in flight is given back here. The
	// worker gives back the rest if it ever returns.
	b.limiter.Leave()
	b.reports.defect(errcode.Stuck, func() string { return stackOf(w.goroutine) })
	return b.spared() > 0
}

// spared returns how many workers the target may have besides the hanging ones.
func (t *target) spared() int { return max(t.load.Burst.Concurrency-int(t.hung.Load()), 0) }
