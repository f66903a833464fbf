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

// Arrival is one of the arrivals of an open burst.
type Arrival struct {
	// K is its number in the burst, counted from 0 over all shards.
	K int64
	// Request is which of the target's requests it takes.
	Request int
	Due     probe.Instant
}

// Arrivals is the ledger of one open burst: which of its arrivals are due,
// started or dropped. Its owner is a recorder, under whose lock it is used.
//
// Nothing is queued. Two cursors run over the same plan: front stands at the
// first arrival that is not due yet, back at the first that was neither claimed
// nor dropped, and what waits lies between the two. So arrivals start in the order in which
// they are due, and one that has less time than those before it is looked at when it is the
// first that waits: it is dropped then, if its time has run out meanwhile.
type Arrivals struct {
	plan  *Pacer
	mix   *Mix
	start probe.Instant
	// timeouts are by request; the last one is also that of the requests behind it.
	timeouts []time.Duration
	// frozen returns how much of the time between two moments the process did not run.
	frozen  func(from, to probe.Instant) time.Duration
	front   cursor
	back    cursor
	head    int // the request of the arrival at back
	waiting uint64
	stopped bool // nothing more becomes due
	// Workers is how many send them, which is no more than there are arrivals. Has is how many
	// there may be. Needs are learned from as many answers as there are workers.
	Workers, Has int
	// Needs say, by request, how much time an arrival must have left to be worth sending; nil
	// asks for none.
	Needs []*Need
}

// NewArrivals returns the ledger of a burst that started at start, whose arrivals take the
// requests of mix. An arrival may wait for a worker as long as the timeout of its request: of
// timeouts there is one for each, or one for all. frozen returns how much of the time between
// two moments the process did not run.
func NewArrivals(plan *Pacer, mix *Mix, start probe.Instant, timeouts []time.Duration, frozen func(from, to probe.Instant) time.Duration) *Arrivals {
	first := plan.first()
	return &Arrivals{plan: plan, mix: mix, start: start, timeouts: timeouts, frozen: frozen, front: first, back: first, head: mix.Request(plan.number(first.k))}
}

// Capacity returns what the burst asks of so many workers, without the time of an answer.
func (a *Arrivals) Capacity() Capacity {
	return Capacity{Rate: a.plan.peak() / float64(a.plan.of), Has: a.Has}
}

// SetTimeouts changes how long an arrival may wait for a worker, by request, or for all.
func (a *Arrivals) SetTimeouts(timeouts []time.Duration) { a.timeouts = timeouts }

// timeout returns how long the arrival at back may wait.
func (a *Arrivals) timeout() time.Duration { return a.timeouts[min(a.head, len(a.timeouts)-1)] }

// Due returns the request of the next arrival that has become due by now. It returns false
// when there is none that it has not returned before.
func (a *Arrivals) Due(now probe.Instant) (request int, ok bool) {
	if a.stopped || a.front.at > now.Sub(a.start) || a.plan.done(&a.front) {
		return 0, false
	}
	request = a.mix.Request(a.plan.number(a.front.k))
	a.plan.next(&a.front)
	a.waiting++
	return request, true
}

// Expire drops the first arrival that waits if it has run out of time by now, and returns its
// request. late reports whether the process did not run for a part of its time: nobody knows
// whether a worker would have become free in that part.
func (a *Arrivals) Expire(now probe.Instant) (request int, late, ok bool) {
	timeout := a.timeout()
	if a.waiting == 0 || a.back.at > now.Sub(a.start)-timeout {
		return 0, false, false
	}
	from := a.start.Add(a.back.at)
	late = a.frozen(from, from.Add(timeout)) > 0
	return a.take(), late, true
}

// Oldest returns when the next arrival that was neither claimed nor dropped is due.
func (a *Arrivals) Oldest() probe.Instant { return a.start.Add(a.back.at) }

// GiveUp drops the first arrival that waits if it has less time left at now than an answer to
// its request needs, and returns its request. late reports whether the process did not run for
// a part of its wait. A worker that has been free since free asks for the next.
//
// What is due while a worker is free is never given up, nor what has hardly waited. So
// something always reaches the target, however bad its last answers were.
func (a *Arrivals) GiveUp(now, free probe.Instant) (request int, late, ok bool) {
	if a.waiting == 0 || a.Needs == nil {
		return 0, false, false
	}
	due, timeout := a.start.Add(a.back.at), a.timeout()
	wait := now.Sub(due)
	if free <= due || wait <= timeout/freshPart || timeout-wait >= a.Needs[a.head].Estimate() {
		return 0, false, false
	}
	late = a.frozen(due, now) > 0
	return a.take(), late, true
}

// take takes the first arrival that waits out of the plan, and returns its request.
func (a *Arrivals) take() (request int) {
	request = a.head
	a.waiting--
	a.plan.next(&a.back)
	a.head = a.mix.Request(a.plan.number(a.back.k))
	return request
}

// Claim takes the next arrival if it is due. If it is not due yet, it returns it all the same.
func (a *Arrivals) Claim() (next Arrival, state ClaimState) {
	next = Arrival{K: a.back.k, Request: a.head, Due: a.start.Add(a.back.at)}
	switch {
	case a.waiting > 0:
		a.take()
		return next, Claimed
	case a.stopped || a.plan.done(&a.back):
		return Arrival{}, Exhausted
	default:
		return next, notYet
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
// claimed, calls drop with the requests of them and how many they are, and returns how many
// more would have become due: those never were scheduled. isCut reports whether there are any
// of either kind. A plan is abandoned once; there is nothing left of it then.
func (a *Arrivals) Abandon(drop func(request int, n uint64)) (later uint64, isCut bool) {
	if a.stopped {
		return 0, false
	}
	a.stopped = true
	isCut = a.waiting > 0 || !a.plan.done(&a.front)
	later = a.plan.remaining(&a.front)
	if a.mix == nil && a.waiting > 0 {
		drop(0, a.waiting)
		a.waiting = 0
	}
	for a.waiting > 0 {
		drop(a.take(), 1)
	}
	return later, isCut
}
