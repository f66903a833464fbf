package numbers

import (
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// Begin counts a request of a closed burst as due and started. If the breaker has ended the
// burst, it counts nothing and returns false.
func (r *Recorder) Begin(request int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.thinned {
		return false
	}
	r.schedule(request)
	r.start(request)
	return true
}

// Claim takes the next arrival of the open burst if one is due at now, and starts it.
// Otherwise it returns when the next one will be due, or says that none is left. The worker
// has had nothing to do since free: the time after both free and the due time is the
// prober's own lateness. Taking and starting are one step under the lock: a scrape never
// sees an arrival that is neither waiting nor in flight.
func (r *Recorder) Claim(now, free probe.Instant) (next load.Arrival, state load.ClaimState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, state = r.reserve(now, free)
	if state == load.Claimed {
		r.start(next.Request)
	}
	return next, state
}

// Reserve is Claim for an arrival that has to pass a ceiling: it goes on waiting until Start or
// HoldBack.
func (r *Recorder) Reserve(now, free probe.Instant) (next load.Arrival, state load.ClaimState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reserve(now, free)
}

// Start counts a waiting request as in flight: one from Reserve, or a step from Due.
func (r *Recorder) Start(request int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.start(request)
}

func (r *Recorder) reserve(now, free probe.Instant) (next load.Arrival, state load.ClaimState) {
	r.advance(now)
	// The breaker has dropped what was due, and the worker must not take more.
	if r.thinned {
		return load.Arrival{}, load.Exhausted
	}
	r.giveUp(now, free)
	next, state = r.arrivals.Claim()
	if state == load.Claimed {
		r.times.Lag.observe(lagBounds, r.arrivals.Lag(now, next.Due, free))
	}
	return next, state
}

// giveUp drops the arrivals that are not worth sending any more. An arrival behind one of them
// may have had less time and have expired.
func (r *Recorder) giveUp(now, free probe.Instant) {
	reason := load.DropNoWorker
	if r.held > 0 || r.heldUntil != 0 && r.heldUntil > r.arrivals.Oldest() {
		reason = r.heldBy
	}
	for {
		request, late, ok := r.arrivals.GiveUp(now, free)
		if !ok {
			return
		}
		r.dropOne(request, late, reason)
		r.expire(now)
	}
}

// HoldBack drops a waiting request that could not start: one from Reserve, or a step from Due.
func (r *Recorder) HoldBack(request int, reason load.DropReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(request, 1, reason)
}

// DropUnsent drops a request from Begin, Claim or Start after no byte of it was sent. It
// was in flight and not waiting, so HoldBack would count wrongly.
func (r *Recorder) DropUnsent(request int, reason load.DropReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.requests[request]
	r.counts.InFlight--
	t.inFlight--
	r.counts.Dropped[reason]++
	t.dropped[reason]++
	r.unbeginJourney(request)
}

// Hold notes that workers more, or less if negative, wait for the ceiling of reason. Arrivals
// that find no worker in time meanwhile count as held back by it too.
func (r *Recorder) Hold(reason load.DropReason, workers int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := probe.Now()
	r.advance(now)
	r.held += workers
	r.heldBy, r.heldUntil = reason, now
}

// advance brings the counts of an open burst up to now. An arrival is scheduled when it is due,
// whether or not a worker is free, and dropped when its time has run out. This is arithmetic,
// so nothing has to be queued.
func (r *Recorder) advance(now probe.Instant) {
	if r.arrivals == nil {
		return
	}
	for {
		request, ok := r.arrivals.Due(now)
		if !ok {
			break
		}
		r.schedule(request)
	}
	r.expire(now)
}

// expire drops the arrivals with no time left.
func (r *Recorder) expire(now probe.Instant) {
	reason := load.DropTimeout
	if r.held > 0 {
		reason = r.heldBy
	}
	for {
		request, late, ok := r.arrivals.Expire(now)
		if !ok {
			return
		}
		r.dropOne(request, late, reason)
	}
}

// dropOne drops an arrival for reason or, if the process did not run for a part of its wait, as
// late.
func (r *Recorder) dropOne(request int, late bool, reason load.DropReason) {
	if late {
		reason = load.DropLate
	}
	r.drop(request, 1, reason)
}

func (r *Recorder) schedule(request int) {
	t := r.requests[request]
	r.counts.Scheduled++
	t.scheduled++
	r.counts.Waiting++
	t.waiting++
}

// start makes a waiting request in flight.
func (r *Recorder) start(request int) {
	t := r.requests[request]
	r.counts.Waiting--
	t.waiting--
	r.counts.InFlight++
	t.inFlight++
	r.peak = max(r.peak, r.counts.InFlight)
	r.beginJourney(request)
}

// drop drops waiting requests.
func (r *Recorder) drop(request int, n uint64, reason load.DropReason) {
	t := r.requests[request]
	r.counts.Waiting -= n
	t.waiting -= n
	r.counts.Dropped[reason] += n
	t.dropped[reason] += n
}
