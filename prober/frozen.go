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

// judge returns the code of a request. If its time passed while the process did not run,
// this says nothing about the target: its answer may have come without being read. Then
// the request counts as the prober's own trouble.
func (b *burst) judge(s *sender, r *probe.Result) errcode.Code {
	code := s.engine.Code(r)
	if code == errcode.OK || code.IsLocal() || !b.watch.isToBlame(r, code, s.cfg.Expect.MaxLatency) {
		return code
	}
	r.Err = &errcode.PhaseError{Phase: r.FailedIn(), Err: errFrozen}
	return errcode.FromError(r.Err)
}

// isToBlame reports whether r failed because of a freeze: its time ended in one, or it
// lost time in one before it was sent, so the target had too little time. A request that
// was sent before the freeze and ran out of time afterwards is the target's failure: the
// prober would have read an answer that came meanwhile.
func (w *watch) isToBlame(r *probe.Result, code errcode.Code, maxLatency time.Duration) bool {
	switch {
	case code == errcode.TooSlow:
		return r.Duration()-w.within(r.Due, r.End) <= maxLatency
	case isTimeout(r.Err):
		// A phase has a deadline of its own; r shows only when it was noticed.
		return w.within(min(r.Deadline, r.End.Add(-frozenAfter)), r.End) > 0 || w.within(r.Due, r.Start) > 0
	}
	return false
}

// isTimeout reports whether a deadline of this process passed: that of the request or of
// one of its phases. Timeouts of the kernel, such as ETIMEDOUT, go on in a freeze.
func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	lookup, ok := errors.AsType[*net.DNSError](err)
	return ok && lookup.IsTimeout
}
