package load

import (
	"time"

	"example.com/prober/prober/probe"
)

// ClaimState is the result of a claim of the next arrival.
type ClaimState uint8

// Claimed means the worker has the arrival, notYet that it is not due yet, and Exhausted that
// there will be no more arrivals.
const (
	Claimed ClaimState = iota
	notYet
	Exhausted
)

// Arrival is one of the arrivals of an open burst.
type Arrival struct {
	// K is its number in the burst, counted from 0 over all shards.
	K int64
	// Request is the index of the request it takes.
	Request int
	Due     probe.Instant
}

// Arrivals keeps account of the arrivals of one open burst: which are due, started or dropped.
// Its owner is a recorder, and the recorder's lock protects it.
//
// Nothing is queued. Two cursors run over the same plan: front is at the first arrival that is
// not due yet, back is at the first arrival that was neither claimed nor dropped. Waiting
// arrivals lie between the two. So arrivals start in the order of their due times. An arrival
// with less time than those before it is checked only when it is the first to wait: it is
// dropped then if its time has run out meanwhile.
type Arrivals struct {
	plan  *Pacer
	mix   *Mix
	start probe.Instant
	// timeouts are by request; later requests use the last timeout.
	timeouts []time.Duration
	// frozen returns how long the process did not run between two moments.
	frozen  func(from, to probe.Instant) time.Duration
	front   cursor
	back    cursor
	head    int // the request of the arrival at back
	waiting uint64
	stopped bool // nothing more becomes due
	// Workers is how many workers send the arrivals: at most the number of arrivals. Has is
	// the highest possible number of workers. Needs are learned from as many answers as there
	// are workers.
	Workers, Has int
	// Needs say, by request, how much time left makes an arrival worth sending; nil asks for
	// none.
	Needs []*Need
}

// NewArrivals returns the account of a burst that started at start. Its arrivals take the
// requests of mix. An arrival may wait for a worker as long as the timeout of its request:
// timeouts has one for each request, or one for all. frozen returns how long the process did
// not run between two moments.
func NewArrivals(plan *Pacer, mix *Mix, start probe.Instant, timeouts []time.Duration, frozen func(from, to probe.Instant) time.Duration) *Arrivals {
	first := plan.first()
	return &Arrivals{plan: plan, mix: mix, start: start, timeouts: timeouts, frozen: frozen, front: first, back: first, head: mix.Request(plan.number(first.k))}
}

// Capacity returns the load of the burst for its workers, without the time of an answer.
func (a *Arrivals) Capacity() Capacity {
	return Capacity{Rate: a.plan.peak() / float64(a.plan.of), Has: a.Has}
}

// SetTimeouts changes how long an arrival may wait for a worker, by request, or for all.
func (a *Arrivals) SetTimeouts(timeouts []time.Duration) { a.timeouts = timeouts }

// timeout returns how long the arrival at back may wait.
func (a *Arrivals) timeout() time.Duration { return a.timeouts[min(a.head, len(a.timeouts)-1)] }

// Due returns the request of the next arrival that has become due by now. It returns false
// when all due arrivals were returned before.
func (a *Arrivals) Due(now probe.Instant) (request int, ok bool) {
	if a.stopped || a.front.at > now.Sub(a.start) || a.plan.done(&a.front) {
		return 0, false
	}
	request = a.mix.Request(a.plan.number(a.front.k))
	a.plan.next(&a.front)
	a.waiting++
	return request, true
}

// Expire drops the first waiting arrival if it has run out of time by now, and returns its
// request. late reports whether the process did not run for a part of its time: a worker might
// have become free in that part.
func (a *Arrivals) Expire(now probe.Instant) (request int, late, ok bool) {
	timeout := a.timeout()
	if a.waiting == 0 || a.back.at > now.Sub(a.start)-timeout {
		return 0, false, false
	}
	from := a.start.Add(a.back.at)
	late = a.frozen(from, from.Add(timeout)) > 0
	return a.take(), late, true
}

// Oldest returns the due time of the first arrival that was neither claimed nor dropped.
func (a *Arrivals) Oldest() probe.Instant { return a.start.Add(a.back.at) }

// GiveUp drops the first waiting arrival if its time left at now is less than an answer to its
// request needs, and returns its request. late reports whether the process did not run for a
// part of its wait. The worker that asks has been free since free.
//
// GiveUp never drops an arrival that became due while a worker was free, or that has hardly
// waited. So something always reaches the target, however bad its last answers were.
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

// take takes the first waiting arrival out of the plan, and returns its request.
func (a *Arrivals) take() (request int) {
	request = a.head
	a.waiting--
	a.plan.next(&a.back)
	a.head = a.mix.Request(a.plan.number(a.back.k))
	return request
}

// Claim takes the next arrival if it is due. If it is not due yet, Claim returns it without
// taking it.
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

// Lag returns how late a request starts at now because of the prober itself. The request was
// due at due; its worker has been free since free. Time while the worker was busy is the
// target's, unless the process did not run.
func (a *Arrivals) Lag(now, due, free probe.Instant) time.Duration {
	if free <= due {
		return now.Sub(due)
	}
	return now.Sub(free) + a.frozen(due, free)
}

// Abandon ends the plan at its current place. It gives up arrivals that are due and not
// claimed, and calls drop with their requests and their number. It returns how many more
// arrivals would have become due: those never were scheduled. isCut reports whether there are
// arrivals of either kind. Nothing is left of the plan then; a second call does nothing.
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
