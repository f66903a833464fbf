package prober

import (
	"time"

	"example.com/prober/prober/transport"
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
	start   transport.Instant
	timeout time.Duration
	front   cursor
	back    cursor
	waiting uint64
}

func newArrivals(plan *pacer, start transport.Instant, timeout time.Duration) *arrivals {
	first := plan.first()
	return &arrivals{plan: plan, start: start, timeout: timeout, front: first, back: first}
}

// advance returns how many arrivals have become due, and how many of those not
// claimed have run out of time, since it was called last.
func (a *arrivals) advance(now transport.Instant) (due, expired uint64) {
	passed := now.Sub(a.start)
	for a.front.at <= passed && !a.plan.done(&a.front) {
		a.plan.next(&a.front)
		due++
	}
	a.waiting += due
	for a.waiting > 0 && a.back.at <= passed-a.timeout {
		a.plan.next(&a.back)
		a.waiting--
		expired++
	}
	return due, expired
}

// claim takes the next arrival if it is due, and returns when it is due.
func (a *arrivals) claim() (due transport.Instant, state claimState) {
	due = a.start.Add(a.back.at)
	switch {
	case a.waiting > 0:
		a.waiting--
		a.plan.next(&a.back)
		return due, claimed
	case a.plan.done(&a.back):
		return 0, exhausted
	default:
		return due, notYet
	}
}

// abandon gives up the arrivals that are due and not claimed, and returns how
// many they are. Those not yet due never were scheduled.
func (a *arrivals) abandon() uint64 {
	n := a.waiting
	a.waiting = 0
	return n
}
