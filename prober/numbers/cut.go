package numbers

import (
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// cutReasons are the reasons to end a burst early.
var cutReasons = [...]load.DropReason{load.DropShutdown, load.DropReload, load.DropBreaker}

// burstCut says what the burst under way lost at its early end.
type burstCut struct {
	happened bool
	reason   load.DropReason
	requests uint64
}

// Stop ends the plan of the open burst under way at this moment. It drops the arrivals
// that are due and have not started, and cuts the later ones.
func (r *Recorder) Stop(reason load.DropReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopOpen(reason)
}

// stopOpen is Stop. mu is held. The plan is brought up to now first: what is due by now is
// dropped and counts as scheduled, and only the rest was never due.
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

// CutClosed notes the early end of a closed burst, with left requests not sent.
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
