package prober

import (
	"example.com/prober/prober/probe"
)

// cuts counts what of the plans of bursts was never due, because the bursts were ended
// before. It is not among the requests that were scheduled.
type cuts struct {
	// bursts counts those that had requests left; requests counts these, as far as the
	// burst is not bounded by its duration alone. On average, where arrivals are random.
	bursts, requests uint64
}

// cutReasons are the reasons for which a burst is ended early.
var cutReasons = [...]dropReason{dropShutdown, dropReload, dropBreaker}

// burstCut is what was cut of the burst under way.
type burstCut struct {
	happened bool
	reason   dropReason
	requests uint64
}

// stop ends the plan of the open burst under way at this moment: what is due and has
// not started is dropped, and what would be due later is cut.
func (r *recorder) stop(reason dropReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopOpen(reason)
}

// stopOpen is stop with the lock held.
func (r *recorder) stopOpen(reason dropReason) {
	if r.arrivals == nil {
		return
	}
	r.advance(probe.Now())
	waiting, later, isCut := r.arrivals.abandon()
	r.drop(waiting, reason)
	if isCut {
		r.cutBurst(reason, later)
	}
}

// cutClosed notes that a closed burst was ended with so many requests left.
func (r *recorder) cutClosed(reason dropReason, left uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.thinned {
		reason = dropBreaker
	}
	r.cutBurst(reason, left)
}

func (r *recorder) cutBurst(reason dropReason, requests uint64) {
	r.cut = burstCut{happened: true, reason: reason, requests: requests}
	r.cuts[reason].bursts++
	r.cuts[reason].requests += requests
}
