package prober

import (
	"time"

	"example.com/prober/prober/probe"
)

// claimState says what became of asking for the next arrival.
type claimState uint8

const (
	claimed claimState = iota
	notYet
	exhausted
)

// arrivals is the ledger of one open burst: which of its arrivals are due,
// started or dropped. Its owner is a recorder, under whose lock it is used.
//
// Nothing is queued. Two cursors run over the same plan: front stands at the
// first arrival that is not due yet, back at the first that was neither claimed
// nor dropped, and what waits lies between the two.
type arrivals struct {
	plan    *pacer
	start   probe.Instant
	timeout time.Duration
	watch   *watch
	front   cursor
	back    cursor
	waiting uint64
	stopped bool // nothing more becomes due
}

func newArrivals(plan *pacer, start probe.Instant, timeout time.Duration, w *watch) *arrivals {
	first := plan.first()
	return &arrivals{plan: plan, start: start, timeout: timeout, watch: w, front: first, back: first}
}

// advance returns how many arrivals have become due since it was called last, and how
// many of those not claimed have run out of time: expired while the process ran all
// the time, late while it did not run for a part of it. Whether a worker would have
// become free in that part nobody knows.
func (a *arrivals) advance(now probe.Instant) (due, expired, late uint64) {
	passed := now.Sub(a.start)
	for !a.stopped && a.front.at <= passed && !a.plan.done(&a.front) {
		a.plan.next(&a.front)
		due++
	}
	a.waiting += due
	for a.waiting > 0 && a.back.at <= passed-a.timeout {
		from := a.start.Add(a.back.at)
		if a.watch.within(from, from.Add(a.timeout)) > 0 {
			late++
		} else {
			expired++
		}
		a.plan.next(&a.back)
		a.waiting--
	}
	return due, expired, late
}

// claim takes the next arrival if it is due, and returns when it is due.
func (a *arrivals) claim() (due probe.Instant, state claimState) {
	due = a.start.Add(a.back.at)
	switch {
	case a.waiting > 0:
		a.waiting--
		a.plan.next(&a.back)
		return due, claimed
	case a.stopped || a.plan.done(&a.back):
		return 0, exhausted
	default:
		return due, notYet
	}
}

// lag returns how late a request starts at now by the prober's own doing: the arrival
// was due, and the worker that took it has been free since free. What passed while
// the worker was busy is the target's, unless the process did not run.
func (a *arrivals) lag(now, due, free probe.Instant) time.Duration {
	if free <= due {
		return now.Sub(due)
	}
	return now.Sub(free) + a.watch.within(due, free)
}

// abandon ends the plan where it stands. It gives up the arrivals that are due and not
// claimed, and returns how many they are and how many more would have become due: those
// never were scheduled. isCut reports whether there are any of either kind. A plan is
// abandoned once; there is nothing left of it then.
func (a *arrivals) abandon() (waiting, later uint64, isCut bool) {
	if a.stopped {
		return 0, 0, false
	}
	isCut = a.waiting > 0 || !a.plan.done(&a.front)
	waiting, later = a.waiting, a.plan.remaining(&a.front)
	a.waiting, a.stopped = 0, true
	return waiting, later, isCut
}
