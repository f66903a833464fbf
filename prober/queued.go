package prober

import (
	"errors"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// apportion decides whose failure a time-out is. It is the prober's if at least half of the
// time of the request passed before a worker took it. Else it is the target's, in the phase
// that took most of the rest. A separate limit, such as connect_timeout, is no part of the
// request's time. Otherwise the phase would be that in which the time happened to end,
// often a short one.
func apportion(r *probe.Result, code errcode.Code) errcode.Code {
	if code == errcode.OK || code.IsLocal() || !isTimeout(r.Err) || !r.RanOut() {
		return code
	}
	failure, ok := errors.AsType[*errcode.PhaseError](r.Err)
	if !ok {
		return code
	}
	waited := r.Taken.Sub(r.Due)
	switch {
	case waited >= r.Duration()-waited:
		r.Err = &errcode.PhaseError{Phase: errcode.PhaseQueue, Err: errcode.Wrap(errcode.QueueTimeout, "the request waited for most of its time before it could start", failure.Err)}
		return errcode.QueueTimeout
	case (code == errcode.RequestTimeout || code == errcode.DNSTimeout) && failure.Phase >= errcode.PhaseSend:
		at := *failure
		if at.Phase = longest(r, failure.Phase); at.Phase < errcode.PhaseSend { // this phase alone would be another code
			at.Err = errcode.Wrap(code, "most of the time of the request had passed before it was sent", failure.Err)
		}
		r.Err = &at
	}
	return code
}

// longest returns the phase in which r spent most time, without its time in the queue. It
// returns failed unless another phase was longer.
func longest(r *probe.Result, failed errcode.Phase) errcode.Phase {
	phase := failed
	most, _ := r.Phase(failed)
	for p := errcode.PhaseResolve; p < errcode.NumPhases; p++ {
		if d, _ := r.Phase(p); d > most {
			phase, most = p, d
		}
	}
	return phase
}
