package numbers

import (
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// cutReasons are the reasons for which a burst is ended early.
var cutReasons = [...]load.DropReason{load.DropShutdown, load.DropReload, load.DropBreaker}

// burstCut is what was cut of the burst under way.
type burstCut struct {
	happened bool
	reason   load.DropReason
	requests uint64
}

// Stop ends the plan of the open burst under way at this moment: what is due and has
// not started is dropped, and what would be due later is cut.
func (r *Recorder) Stop(reason load.DropReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopOpen(reason)
}

// stopOpen is stop with the lock held.
func (r *Recorder) stopOpen(reason load.DropReason) {
	if r.arrivals == nil {
		return
	}
	r.advance(probe.Now())
	later, isCut := r.arrivals.Abandon(func(request int, n uint64) { r.drop(request, n, reason) })
	if isCut {
		r.cutBurst(reason, later)
	}
}

// CutClosed notes that a closed burst was ended with so many requests left.
func (r *Recorder) CutClosed(reason load.DropReason, left uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.thinned {
		reason = load.DropBreaker
	}
	r.cutBurst(reason, left)
}

func (r *Recorder) cutBurst(reason load.DropReason, requests uint64) {
	r.cut = burstCut{happened: true, reason: reason, requests: requests}
	r.counts.Cuts[reason].Bursts++
	r.counts.Cuts[reason].Requests += requests
}
