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
type arrivals struct {
	pacer   pacer
	start   transport.Instant
	timeout time.Duration
	// counted arrivals have been scheduled, and those before next have been
	// claimed or dropped: next <= counted.
	counted int64
	next    int64
}

// advance returns how many arrivals have become due, and how many of those not
// claimed have run out of time, since it was called last.
func (a *arrivals) advance(now transport.Instant) (due, expired uint64) {
	passed := now.Sub(a.start)
	if counted := a.pacer.dueBy(passed); counted > a.counted {
		due = uint64(counted - a.counted)
		a.counted = counted
	}
	if next := a.pacer.dueBy(passed - a.timeout); next > a.next {
		expired = uint64(next - a.next)
		a.next = next
	}
	return due, expired
}

// claim takes the next arrival if it is due, and returns when it is due.
func (a *arrivals) claim() (due transport.Instant, state claimState) {
	if a.next == a.pacer.n {
		return 0, exhausted
	}
	due = a.start.Add(a.pacer.due(a.next))
	if a.next == a.counted {
		return due, notYet
	}
	a.next++
	return due, claimed
}

// abandon gives up the arrivals that are due and not claimed, and returns how
// many they are. Those not yet due never were scheduled.
func (a *arrivals) abandon() uint64 {
	n := a.counted - a.next
	a.next = a.counted
	return uint64(n)
}
