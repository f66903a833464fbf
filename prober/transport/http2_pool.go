package transport

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/errcode"
)

// h2pool holds the HTTP/2 connections of a transport and the workers that wait
// for a stream. Its mutex is taken before that of a connection, never after.
type h2pool struct {
	t *Transport
	// waiting is the length of waiters, to be read without mu.
	waiting atomic.Int32

	mu      sync.Mutex
	conns   []*h2conn   // filled in this order
	waiters []*h2stream // in the order in which they came
	// dialing is how many workers dial on behalf of the waiters too.
	dialing int
	// usual is how many streams the peer allowed on the connection made last.
	usual uint32
	// http1 tells that the server chose HTTP/1.1 when it was last asked.
	http1   bool
	aborted bool

	// expiry runs at armed, 0 if it does not, when the time of the first request
	// runs out: one timer for all of them, which almost always fires when that
	// request is long over.
	expiry *time.Timer
	armed  Instant
}

// h2step is what a worker has to do next.
type h2step uint8

const (
	stepWait  h2step = iota
	stepSend         // its stream is open
	stepDial         // a connection is needed
	stepHTTP1        // the server speaks HTTP/1.1
	stepFail         // it is refused
	stepNone         // its request has ended
)

func newH2pool(t *Transport) *h2pool {
	return &h2pool{t: t, usual: maxStreamID}
}

// acquire opens a stream for st or waits until there is something else to do. A
// connection that is being dialled is waited for if it will have room.
func (p *h2pool) acquire(st *h2stream) h2step {
	if next := p.enqueue(st); next != stepWait {
		return next
	}
	st.waited = true
	for {
		<-st.wake
		if next := h2step(st.next.Load()); next != stepWait {
			return next
		}
	}
}

// enqueue finds out at once what st is to do, or makes it wait.
func (p *h2pool) enqueue(st *h2stream) h2step {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.aborted:
		st.refusal = errcode.PhaseError{Phase: errcode.PhaseQueue, Err: context.Canceled}
		return stepFail
	case p.http1 && len(p.conns) == 0:
		return stepHTTP1
	case len(p.waiters) == 0 && p.tryOpen(st):
		p.arm(st.deadline)
		return stepSend
	}
	p.waiters = append(p.waiters, st)
	p.arm(st.deadline)
	p.balance()
	return stepWait
}

func (p *h2pool) tryOpen(st *h2stream) bool {
	for _, c := range p.conns {
		if c.tryOpen(st) {
			return true
		}
	}
	return false
}

// balance gives the waiters what there is for them: streams first, and to those
// for whom neither a connection nor a dial under way has room, the task to dial.
// To be called after every change of what it looks at; mu is held.
func (p *h2pool) balance() {
	for len(p.waiters) > 0 && p.tryOpen(p.waiters[0]) {
		p.dismiss(0, stepSend)
	}
	for p.http1 && len(p.waiters) > 0 {
		p.dismiss(0, stepHTTP1)
	}
	for len(p.waiters) > p.coming() && !p.isRefused() {
		p.dialing++
		p.dismiss(0, stepDial)
	}
}

// dismiss tells waiter i what to do; mu is held.
func (p *h2pool) dismiss(i int, next h2step) {
	st := p.waiters[i]
	p.waiters = slices.Delete(p.waiters, i, i+1)
	p.waiting.Store(int32(len(p.waiters)))
	st.proceed(next)
}

func (p *h2pool) refuse(i int, why errcode.PhaseError) {
	p.waiters[i].refusal = why
	p.dismiss(i, stepFail)
}

// coming is how many waiters can count on the dials under way, each of which
// serves the worker that dials first; mu is held.
func (p *h2pool) coming() int {
	p.waiting.Store(int32(len(p.waiters)))
	room := min(p.t.cfg.StreamsPerConnection, int(max(p.usual, 1)))
	if n := p.t.cfg.RequestsPerConnection; n > 0 {
		room = min(room, n)
	}
	return p.dialing * (room - 1)
}

// isRefused tells whether a peer allows no streams. Another connection would be
// a way around that; mu is held.
func (p *h2pool) isRefused() bool { return slices.ContainsFunc(p.conns, (*h2conn).isRefusing) }

// slotFreed serves the waiters, if there are any, after a change of a connection.
func (p *h2pool) slotFreed() {
	if p.waiting.Load() == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.balance()
}

// add takes in a new connection, opens the stream of the worker that has dialled
// it, and then those of the waiters.
func (p *h2pool) add(c *h2conn, st *h2stream, counted bool) h2step {
	p.mu.Lock()
	defer p.mu.Unlock()
	if counted {
		p.dialing--
	}
	if p.aborted {
		return stepFail
	}
	p.http1 = false
	p.usual = c.peerStreams
	p.conns = append(p.conns, c)
	opened := c.tryOpen(st)
	go c.serve()
	p.balance()
	if !opened {
		return stepDial
	}
	return stepSend
}

// dialFailed passes a failure on to the waiters for whom there is no other dial
// under way: it would have been theirs too. The end of the time or the context of
// the one worker means nothing to others.
func (p *h2pool) dialFailed(why errcode.PhaseError, own bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialing--
	for !own && len(p.waiters) > p.coming() {
		p.refuse(0, why)
	}
	p.balance()
}

// answeredHTTP1 notes that the server chose HTTP/1.1; the waiters, who had hoped
// to share a connection, make their own.
func (p *h2pool) answeredHTTP1(counted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if counted {
		p.dialing--
	}
	p.http1 = true
	p.balance()
}

func (p *h2pool) remove(c *h2conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.conns, c); i >= 0 {
		p.conns = slices.Delete(p.conns, i, i+1)
	}
	p.balance()
}

// arm sees to it that expire runs at deadline; mu is held.
func (p *h2pool) arm(deadline Instant) {
	if p.armed != 0 && p.armed <= deadline {
		return
	}
	p.armed = deadline
	wait := deadline.Sub(Now())
	if p.expiry == nil {
		p.expiry = time.AfterFunc(wait, p.expire)
		return
	}
	p.expiry.Reset(wait)
}

// expire ends what has no time left, and runs again when the next request has
// none. It is the only place where time is looked at: a request in flight costs
// no timer of its own.
func (p *h2pool) expire() {
	for c, err := range p.overdue() {
		c.shut(err)
	}
}

func (p *h2pool) overdue() map[*h2conn]error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, next := Now(), never
	for i := len(p.waiters) - 1; i >= 0; i-- {
		if at := p.waiters[i].deadline; at > now {
			next = min(next, at)
			continue
		}
		why := errcode.PhaseError{Phase: errcode.PhaseQueue, Err: errTimeout}
		if p.isRefused() {
			why.Err = errNoStream
		}
		p.refuse(i, why)
	}
	ended := make(map[*h2conn]error)
	for _, c := range p.conns {
		at, err := c.expire(now)
		next = min(next, at)
		if err != nil {
			ended[c] = err
		}
	}
	p.armed = 0
	if next < never {
		p.arm(next)
	}
	p.balance()
	return ended
}

// closeIdle closes the connections without an open stream and waits for their
// readers to end.
func (p *h2pool) closeIdle() {
	for _, c := range p.all() {
		if c.retireIfIdle() {
			c.shut(errRetired)
			<-c.gone
		}
	}
}

// abort ends everything, with context.Canceled for requests under way.
func (p *h2pool) abort() {
	p.mu.Lock()
	p.aborted = true
	for len(p.waiters) > 0 {
		p.refuse(0, errcode.PhaseError{Phase: errcode.PhaseQueue, Err: context.Canceled})
	}
	p.mu.Unlock()
	all := p.all()
	for _, c := range all {
		c.stream.Abort()
	}
	for _, c := range all {
		<-c.gone
	}
}

func (p *h2pool) all() []*h2conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.conns)
}

// count returns how many connections are open and not about to be closed.
func (p *h2pool) count() (n int) {
	for _, c := range p.all() {
		if !c.hasEnded() {
			n++
		}
	}
	return n
}
