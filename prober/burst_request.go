package prober

import (
	"context"
	"errors"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// exchange performs a request with s that the ceilings have let through at start. It
// returns false if the request was taken from the worker meanwhile, which must leave then.
func (b *burst) exchange(requests context.Context, s *sender, w *worker, due, start probe.Instant) bool {
	r := &w.result
	r.Reset(due, due.Add(s.cfg.Timeout))
	r.Taken, r.Start = start, start
	w.begin(due, start, r.Deadline)
	code := b.serve(requests, s, r)
	if !w.end() {
		b.hung.Add(-1)
		b.limiter.GiveBack(w.pass)
		return false
	}
	b.finishRequest(r, code)
	b.limiter.Done(w.pass)
	return true
}

// serve has the engine of s perform a request and judges the result. A panic is the
// failure of this one request.
func (b *burst) serve(requests context.Context, s *sender, r *probe.Result) (code errcode.Code) {
	defer func() {
		if v := recover(); v != nil {
			r.Interrupt(probe.Panicked(v))
			code = errcode.Panic
		}
	}()
	s.engine.Do(requests, r)
	return apportion(r, b.judge(s, r))
}

// finishRequest counts a request that has ended.
func (b *burst) finishRequest(r *probe.Result, code errcode.Code) {
	if errors.Is(r.Err, probe.ErrConnectionLimit) && !wasSent(r) {
		b.recorder.DropUnsent(0, load.DropLimitConnections)
		return
	}
	if code == errcode.Panic {
		b.reports.defect(code, r.Err.Error)
	}
	if tripped := b.recorder.End(r, code); tripped {
		open, after := b.recorder.BreakerState()
		if open && b.cut != nil {
			b.cutOnce.Do(func() { close(b.cut) })
		}
		b.reports.breaker(open, after)
	}
}

// wasSent reports whether a request that got no connection in the end had been sent on
// another before.
func wasSent(r *probe.Result) bool {
	return r.HTTP != nil && (len(r.HTTP.Hops) > 0 || r.HTTP.Resent) || r.DNS != nil && r.DNS.Cut
}

// stuck counts a request that was taken from a worker. Another worker takes its place
// unless as many as the target may have hang already, so that fewer than twice as many
// can hang.
func (b *burst) stuck(w *worker) (replace bool) {
	b.hung.Add(1)
	var r probe.Result
	r.Reset(w.due, w.deadline)
	r.Taken, r.Start = w.start, w.start
	r.Interrupt(errStuck)
	b.finishRequest(&r, errcode.Stuck)
	b.limiter.Leave()
	b.reports.defect(errcode.Stuck, func() string { return stackOf(w.goroutine) })
	return b.spared() > 0
}

// spared is how many workers the target may have beside those that hang.
func (t *target) spared() int { return max(t.load.Burst.Concurrency-int(t.hung.Load()), 0) }
