package numbers

import (
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// Begin counts a request of a closed burst, which starts when it is due. It
// returns false, and counts nothing, when the breaker has ended the burst.
func (r *Recorder) Begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.thinned {
		return false
	}
	r.schedule(1)
	r.start()
	return true
}

// Claim takes the next arrival of the open burst if one is due at now, and starts it.
// Otherwise it returns when the next one will be due, or that none is left. free is since
// when the asking worker had nothing to do: what passed after that and after the
// due time is the prober's own lateness.
func (r *Recorder) Claim(now, free probe.Instant) (due probe.Instant, state load.ClaimState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	due, state = r.reserve(now, free)
	if state == load.Claimed {
		r.start()
	}
	return due, state
}

// Reserve is Claim for an arrival that has to pass a ceiling: it goes on waiting until
// Start or HoldBack.
func (r *Recorder) Reserve(now, free probe.Instant) (due probe.Instant, state load.ClaimState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reserve(now, free)
}

// Start counts an arrival that was reserved as in flight.
func (r *Recorder) Start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.start()
}

func (r *Recorder) reserve(now, free probe.Instant) (due probe.Instant, state load.ClaimState) {
	r.advance(now)
	if r.thinned {
		return 0, load.Exhausted
	}
	oldest := r.arrivals.Oldest()
	hopeless, late := r.arrivals.GiveUp(now, free)
	reason := load.DropNoWorker
	if r.held > 0 || r.heldUntil != 0 && r.heldUntil > oldest {
		reason = r.heldBy
	}
	r.drop(hopeless, reason)
	r.drop(late, load.DropLate)
	due, state = r.arrivals.Claim()
	if state == load.Claimed {
		r.times.Lag.observe(lagBounds, r.arrivals.Lag(now, due, free))
	}
	return due, state
}

// HoldBack drops an arrival that was reserved and could not start.
func (r *Recorder) HoldBack(reason load.DropReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(1, reason)
}

// DropUnsent drops a request that was begun, claimed or started, of which no byte was sent.
func (r *Recorder) DropUnsent(reason load.DropReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.InFlight--
	r.counts.Dropped[reason]++
}

// Hold notes how many workers more, or less, wait for the ceiling that reason stands
// for. Arrivals whose time runs out meanwhile for want of a worker are held back by it
// too.
func (r *Recorder) Hold(reason load.DropReason, workers int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := probe.Now()
	r.advance(now)
	r.held += workers
	r.heldBy, r.heldUntil = reason, now
}

// advance brings the counts of an open burst up to now: an arrival is scheduled
// when it is due, whether or not a worker is there to take it, and dropped when
// its time has run out. That is arithmetic, so nothing has to be queued.
func (r *Recorder) advance(now probe.Instant) {
	if r.arrivals == nil {
		return
	}
	due, expired, late := r.arrivals.Advance(now)
	r.schedule(due)
	reason := load.DropTimeout
	if r.held > 0 {
		reason = r.heldBy
	}
	r.drop(expired, reason)
	r.drop(late, load.DropLate)
}

func (r *Recorder) schedule(n uint64) {
	r.counts.Scheduled += n
	r.counts.Waiting += n
}

// start makes a waiting request one in flight.
func (r *Recorder) start() {
	r.counts.Waiting--
	r.counts.InFlight++
	r.peak = max(r.peak, r.counts.InFlight)
}

func (r *Recorder) drop(n uint64, reason load.DropReason) {
	r.counts.Waiting -= n
	r.counts.Dropped[reason] += n
}
