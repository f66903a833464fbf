package load

import (
	"time"

	"example.com/prober/prober/probe"
)

// ClaimState says what became of asking for the next arrival.
type ClaimState uint8

// The arrival is the worker's, or is not due yet, or there will be none any more.
const (
	Claimed ClaimState = iota
	notYet
	Exhausted
)

// Arrivals is the ledger of one open burst: which of its arrivals are due,
// started or dropped. Its owner is a recorder, under whose lock it is used.
//
// Nothing is queued. Two cursors run over the same plan: front stands at the
// first arrival that is not due yet, back at the first that was neither claimed
// nor dropped, and what waits lies between the two.
type Arrivals struct {
	plan    *Pacer
	start   probe.Instant
	timeout time.Duration
	// frozen returns how much of the time between two moments the process did not run.
	frozen  func(from, to probe.Instant) time.Duration
	front   cursor
	back    cursor
	waiting uint64
	stopped bool // nothing more becomes due
	// Workers is how many send them, which is no more than there are arrivals. Has is how many
	// there may be. Need is learned from as many answers as there are workers.
	Workers, Has int
	// Need says how much time an arrival must have left to be worth sending; nil asks for
	// none.
	Need *Need
}

// NewArrivals returns the ledger of a burst that started at start. An arrival may wait for a
// worker as long as timeout; frozen returns how much of the time between two moments the
// process did not run.
func NewArrivals(plan *Pacer, start probe.Instant, timeout time.Duration, frozen func(from, to probe.Instant) time.Duration) *Arrivals {
	first := plan.first()
	return &Arrivals{plan: plan, start: start, timeout: timeout, frozen: frozen, front: first, back: first}
}

// Capacity returns what the burst asks of so many workers, without the time of an answer.
func (a *Arrivals) Capacity() Capacity {
	return Capacity{Rate: a.plan.peak() / float64(a.plan.of), Has: a.Has}
}

// SetTimeout changes how long an arrival may wait for a worker.
func (a *Arrivals) SetTimeout(timeout time.Duration) { a.timeout = timeout }

// Advance returns how many arrivals have become due since it was called last, and how
// many of those not claimed have run out of time: expired while the process ran all
// the time, late while it did not run for a part of it. Whether a worker would have
// become free in that part nobody knows.
func (a *Arrivals) Advance(now probe.Instant) (due, expired, late uint64) {
	passed := now.Sub(a.start)
	for !a.stopped && a.front.at <= passed && !a.plan.done(&a.front) {
		a.plan.next(&a.front)
		due++
	}
	a.waiting += due
	for a.waiting > 0 && a.back.at <= passed-a.timeout {
		from := a.start.Add(a.back.at)
		if a.frozen(from, from.Add(a.timeout)) > 0 {
			late++
		} else {
			expired++
		}
		a.plan.next(&a.back)
		a.waiting--
	}
	return due, expired, late
}

// Oldest returns when the next arrival that was neither claimed nor dropped is due.
func (a *Arrivals) Oldest() probe.Instant { return a.start.Add(a.back.at) }

// GiveUp drops the arrivals that have waited and have less time left at now than an answer
// needs, and returns how many they are: late those for a part of whose wait the process did
// not run, hopeless the others. A worker that has been free since free asks for the next.
//
// What is due while a worker is free is never given up, nor what has hardly waited. So
// something always reaches the target, however bad its last answers were.
func (a *Arrivals) GiveUp(now, free probe.Instant) (hopeless, late uint64) {
	for a.waiting > 0 && a.Need != nil {
		due := a.start.Add(a.back.at)
		wait := now.Sub(due)
		if free <= due || wait <= a.timeout/freshPart || a.timeout-wait >= a.Need.Estimate() {
			break
		}
		if a.frozen(due, now) > 0 {
			late++
		} else {
			hopeless++
		}
		a.plan.next(&a.back)
		a.waiting--
	}
	return hopeless, late
}

// Claim takes the next arrival if it is due, and returns when it is due.
func (a *Arrivals) Claim() (due probe.Instant, state ClaimState) {
	due = a.start.Add(a.back.at)
	switch {
	case a.waiting > 0:
		a.waiting--
		a.plan.next(&a.back)
		return due, Claimed
	case a.stopped || a.plan.done(&a.back):
		return 0, Exhausted
	default:
		return due, notYet
	}
}

// Lag returns how late a request starts at now by the prober's own doing: the arrival
// was due, and the worker that took it has been free since free. What passed while
// the worker was busy is the target's, unless the process did not run.
func (a *Arrivals) Lag(now, due, free probe.Instant) time.Duration {
	if free <= due {
		return now.Sub(due)
	}
	return now.Sub(free) + a.frozen(due, free)
}

// Abandon ends the plan where it stands. It gives up the arrivals that are due and not
// claimed, and returns how many they are and how many more would have become due: those
// never were scheduled. isCut reports whether there are any of either kind. A plan is
// abandoned once; there is nothing left of it then.
func (a *Arrivals) Abandon() (waiting, later uint64, isCut bool) {
	if a.stopped {
		return 0, 0, false
	}
	isCut = a.waiting > 0 || !a.plan.done(&a.front)
	waiting, later = a.waiting, a.plan.remaining(&a.front)
	a.waiting, a.stopped = 0, true
	return waiting, later, isCut
}
