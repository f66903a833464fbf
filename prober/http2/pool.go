package http2

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Pool holds the HTTP/2 connections of a transport and the workers waiting for a stream. Lock its mutex before the
// mutex of a connection, never after.
//
// A request gets its stream from openOn or becomes a waiter in wait. There is no other way to either. Both make sure
// that expire runs at the deadline of the request.
type Pool struct {
	Options

	// waiting is the length of waiters, readable without mu. It changes before the pool looks at connections for a waiter,
	// so a goroutine that frees a stream after that look knows of the waiter.
	waiting atomic.Int32
	// opened is how many connections are open and not about to be closed.
	opened atomic.Int32

	mu      mutex
	conns   []*conn   // filled in this order
	waiters []*stream // in the order in which they came
	// dialing is how many workers have taken a dial and not given it back: they dial for the waiters too. reserved is how
	// many streams are kept for requests about to start. lined is how many workers wait for the permit to dial.
	dialing, reserved, lined int
	// usual is how many streams the peer allowed on the newest connection.
	usual uint32
	// chose1 means that the server chose HTTP/1.1 on the newest connection. known means that the choice is known: the
	// server has chosen before, or has no choice.
	chose1  bool
	known   bool
	aborted bool

	// expiry is one timer for all requests. It runs at armed, the first deadline of a request, or not at all if armed is
	// 0. Almost always, that request is long over by then.
	expiry *time.Timer
	armed  probe.Instant
	// ending counts the connections whose readers have not ended.
	ending sync.WaitGroup
}

// step is what a worker has to do next.
type step uint8

const (
	stepWait  step = iota
	stepSend       // its stream is open
	stepDial       // a connection is needed; it has taken a dial
	stepHTTP1      // the server speaks HTTP/1.1
	stepFail       // it is refused
	stepNone       // its request has ended
)

// NewPool returns a pool without connections.
func NewPool(o Options) *Pool {
	return &Pool{Options: o, usual: maxStreamID, known: o.Only}
}

// acquire opens a stream for st or waits until there is something else to do. It waits for a connection being dialled
// if that will have room.
func (p *Pool) acquire(st *stream, x *Exchange) step {
	next := p.enqueue(st)
	if p.Connections != nil {
		p.honour(st, x, next)
	}
	if next != stepWait {
		return next
	}
	st.waited = true
	perturb()
	next = <-st.steps // expire sends a step at the deadline
	if p.Connections != nil {
		p.honour(st, x, next)
	}
	return next
}

// enqueue returns the next step of st if there is one now, or makes st wait.
func (p *Pool) enqueue(st *stream) step {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.aborted:
		st.refusal = errcode.PhaseError{Phase: errcode.PhaseQueue, Err: context.Canceled}
		return stepFail
	case p.chose1 && len(p.conns) == 0:
		return stepHTTP1
	case len(p.waiters) == 0 && p.tryOpen(st):
		return stepSend
	}
	st.scarce = p.lined > 0
	p.wait(st)
	p.balance()
	return stepWait
}

func (p *Pool) tryOpen(st *stream) bool {
	for _, c := range p.conns {
		if p.openOn(c, st) {
			return true
		}
	}
	return false
}

// openOn opens the stream of st on c, if there is room; mu is held.
func (p *Pool) openOn(c *conn, st *stream) bool {
	if !c.tryOpen(st) {
		return false
	}
	p.arm(st.deadline)
	return true
}

// wait makes st the last of the waiters; mu is held.
func (p *Pool) wait(st *stream) {
	p.waiters = append(p.waiters, st)
	p.waiting.Store(int32(len(p.waiters)))
	p.arm(st.deadline)
}

// balance serves the waiters: with streams first, then with the task to dial if neither a connection nor a dial under
// way has room for them. Call it after every change of the state it reads; mu is held.
func (p *Pool) balance() {
	for len(p.waiters) > 0 && p.tryOpen(p.waiters[0]) {
		p.dismiss(0, stepSend)
	}
	for p.chose1 && len(p.waiters) > 0 {
		p.dismiss(0, stepHTTP1)
	}
	for len(p.waiters) > p.coming() && !p.isRefused() {
		p.takeDial(p.waiters[0])
		p.dismiss(0, stepDial)
	}
}

// dismiss sends waiter i its next step; mu is held.
func (p *Pool) dismiss(i int, next step) {
	st := p.waiters[i]
	p.forget(i)
	perturb()
	st.steps <- next // has room: a waiter is dismissed once
}

func (p *Pool) forget(i int) {
	p.waiters = slices.Delete(p.waiters, i, i+1)
	p.waiting.Store(int32(len(p.waiters)))
}

func (p *Pool) refuse(i int, why errcode.PhaseError) {
	p.waiters[i].refusal = why
	p.dismiss(i, stepFail)
}

// takeDial counts the worker of st among those that dial, until giveBackDial.
func (p *Pool) takeDial(st *stream) {
	st.dials = true
	p.dialing++
}

// giveBackDial does nothing if st has not taken a dial; mu is held.
func (p *Pool) giveBackDial(st *stream) {
	if st.dials {
		st.dials = false
		p.dialing--
	}
}

// coming is how many waiters can count on the dials under way. One stream of each belongs to the worker that dials; mu
// is held.
func (p *Pool) coming() int {
	room := min(p.Streams, int(max(p.usual, 1)))
	if n := p.Requests; n > 0 {
		room = min(room, n)
	}
	return p.dialing * (room - 1)
}

// isRefused reports whether a peer allows no streams. The pool opens no other connection then, because that would get
// around the limit; mu is held.
func (p *Pool) isRefused() bool { return slices.ContainsFunc(p.conns, (*conn).isRefusing) }

// slotFreed serves the waiters, if any, after a connection has changed.
func (p *Pool) slotFreed() {
	perturb()
	if p.waiting.Load() == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.balance()
}

// add adds a new connection, opens a stream for the worker that dialled it, and then for the waiters.
func (p *Pool) add(c *conn, st *stream) step {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveBackDial(st)
	if p.aborted {
		return stepFail
	}
	p.chose1, p.known = false, true
	p.usual = c.peerStreams
	p.conns = append(p.conns, c)
	p.opened.Add(1)
	c.counted = true
	p.ending.Go(c.serve)
	opened := p.openOn(c, st)
	p.balance()
	p.Connections.Notify()
	if !opened {
		c.place.Idle()
		return stepWait
	}
	return stepSend
}

// dialFailed passes a failure on to the waiters without another dial under way: their own would have failed the same
// way. own means that the failure concerns only this worker, such as the end of its time or context: the waiters do not
// share it.
func (p *Pool) dialFailed(st *stream, why errcode.PhaseError, own bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !st.dials {
		return
	}
	p.giveBackDial(st)
	for !own && len(p.waiters) > p.coming() {
		p.refuse(0, why)
	}
	p.balance()
}

// answeredHTTP1 notes that the server chose HTTP/1.1. The waiters had hoped to share a connection; now each makes its
// own.
func (p *Pool) answeredHTTP1(st *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveBackDial(st)
	p.chose1, p.known = true, true
	p.balance()
}

func (p *Pool) remove(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.conns, c); i >= 0 {
		p.conns = slices.Delete(p.conns, i, i+1)
	}
	p.balance()
}

// Withdraw takes back everything a request has and waits for, after its worker has panicked. If its stream was open,
// the connection is in an unknown state and ends.
func (p *Pool) Withdraw(x *Exchange, why error) {
	st := x.stream
	if st == nil {
		return
	}
	if st.conn != nil && !st.ended.Load() {
		st.conn.shut(why)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiters, st); i >= 0 {
		p.forget(i)
	}
	p.giveBackDial(st)
	p.balance()
}

// arm makes sure that expire runs at deadline; mu is held.
func (p *Pool) arm(deadline probe.Instant) {
	if p.armed != 0 && p.armed <= deadline {
		return
	}
	p.armed = deadline
	wait := deadline.Sub(probe.Now())
	if p.expiry == nil {
		p.expiry = time.AfterFunc(wait, p.expire)
		return
	}
	p.expiry.Reset(wait)
}

// expire ends requests without time left, and arms the timer for the next deadline. Only expire checks deadlines, so a
// request in flight needs no timer of its own.
func (p *Pool) expire() {
	defer func() {
		if v := recover(); v != nil { // no worker recovers a panic here: it would end the process
			p.shutAll(probe.Panicked(v))
		}
	}()
	for c, err := range p.overdue() {
		c.shut(err)
	}
}

func (p *Pool) overdue() map[*conn]error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, next := probe.Now(), probe.Never
	for i := len(p.waiters) - 1; i >= 0; i-- {
		if at := p.waiters[i].deadline; at > now {
			next = min(next, at)
			continue
		}
		why := errcode.PhaseError{Phase: errcode.PhaseQueue, Err: errTimeout}
		switch {
		case p.isRefused():
			why.Err = errNoStream
		case p.waiters[i].scarce:
			why.Err = probe.ErrConnectionLimit
		}
		p.refuse(i, why)
	}
	ended := make(map[*conn]error)
	for _, c := range p.conns {
		at, err := c.expire(now)
		next = min(next, at)
		if err != nil {
			ended[c] = err
		}
	}
	p.armed = 0
	if next < probe.Never {
		p.arm(next)
	}
	p.balance()
	return ended
}

// Wait returns when the closed connections and their readers are gone. No request may be under way.
func (p *Pool) Wait() { p.ending.Wait() }

// CloseIdle closes the connections without an open stream. It does not wait for their end.
func (p *Pool) CloseIdle() {
	for _, c := range p.all() {
		if c.retireIfIdle() {
			c.shut(errRetired)
		}
	}
}

// Abort ends everything, with context.Canceled for requests under way.
func (p *Pool) Abort() {
	p.mu.Lock()
	p.aborted = true
	for len(p.waiters) > 0 {
		p.refuse(0, errcode.PhaseError{Phase: errcode.PhaseQueue, Err: context.Canceled})
	}
	p.mu.Unlock()
	for _, c := range p.all() {
		c.stream.Abort()
	}
	p.shutAll(context.Canceled)
}

func (p *Pool) shutAll(cause error) {
	for _, c := range p.all() {
		c.shut(cause)
	}
}

func (p *Pool) all() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.conns)
}

// Count returns how many connections are open and not about to be closed.
func (p *Pool) Count() int { return int(p.opened.Load()) }
