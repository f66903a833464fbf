package prober

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

var errFrozen = errcode.New(errcode.Cancelled, "the prober itself did not run while the time of the request passed")

// judge decides what a request came to. A time that passed while the process did not
// run says nothing about the target: its answer may have come and was not read. Then
// the request is given up as the prober's own trouble.
func (b *burst) judge(s *sender, r *probe.Result) errcode.Code {
	code := s.engine.Code(r)
	if code == errcode.OK || code.IsLocal() || !b.watch.isToBlame(r, code, s.cfg.Expect.MaxLatency) {
		return code
	}
	r.Err = &errcode.PhaseError{Phase: r.FailedIn(), Err: errFrozen}
	return errcode.FromError(r.Err)
}

// isToBlame reports whether r failed because its time passed in a freeze: the end of that
// time, or a part of it before r was sent, for which the target had less than its due.
// A request that was sent before the freeze and ran out of time afterwards is the
// target's failure: an answer that came meanwhile would have been read.
func (w *watch) isToBlame(r *probe.Result, code errcode.Code, maxLatency time.Duration) bool {
	switch {
	case code == errcode.TooSlow:
		return r.Duration()-w.within(r.Due, r.End) <= maxLatency
	case isTimeout(r.Err):
		// A phase has a deadline of its own, which only shows in when it was noticed.
		return w.within(min(r.Deadline, r.End.Add(-frozenAfter)), r.End) > 0 || w.within(r.Due, r.Start) > 0
	}
	return false
}

// isTimeout reports whether a deadline of this process passed, whether that of the request
// or of one of its phases. The kernel's own, as ETIMEDOUT, goes on in a freeze.
func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	lookup, ok := errors.AsType[*net.DNSError](err)
	return ok && lookup.IsTimeout
}
