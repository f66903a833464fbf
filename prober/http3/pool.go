package http3

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Pool holds the HTTP/3 connections of a transport and the workers waiting for a stream.
type Pool struct {
	Options

	config *quic.Config
	// opened is how many connections are open and not about to be closed.
	opened atomic.Int32

	// mu guards the fields below, and the shared fields of each connection.
	mu      sync.Mutex
	conns   []*conn   // filled in this order
	waiters []*stream // in the order in which they came
	// dialing is how many workers dial for the waiters too. reserved is how many streams are
	// kept for requests about to start. lined is how many workers wait for the permit to
	// dial.
	dialing, reserved, lined int
	// usual is how many streams the newest connection seems to allow.
	usual   int
	aborted bool
	// ending counts the connections with goroutines that have not ended.
	ending sync.WaitGroup
}

// step is what a worker has to do next.
type step uint8

const (
	stepWait step = iota
	stepSend      // it has a place on a connection
	stepDial      // a connection is needed; it has taken a dial
	stepFail      // it is refused
	stepNone      // its request has ended
)

// NewPool returns a pool without connections.
func NewPool(o Options) *Pool {
	return &Pool{Options: o, config: transportConfig(), usual: o.Streams}
}

// acquire takes a place for st on a connection, or waits until there is something else to
// do. It waits for a connection being dialled if that will have room.
func (p *Pool) acquire(st *stream, x *Exchange) step {
	next := p.enqueue(st)
	if p.Connections != nil {
		p.honour(st, x, next)
	}
	if next != stepWait {
		return next
	}
	st.waited = true
	next = p.turn(st)
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
	// Whoever came first is served first: with waiters in line, a free place is theirs.
	case len(p.waiters) == 0 && p.tryPlace(st):
		return stepSend
	}
	st.scarce = p.lined > 0
	p.waiters = append(p.waiters, st)
	p.balance()
	return stepWait
}

// turn waits for the next step of st. The deadline of st ends the wait.
func (p *Pool) turn(st *stream) step {
	expiry := st.expiry()
	defer expiry.Stop()
	select {
	case next := <-st.steps:
		return next
	case <-expiry.C:
	}
	p.mu.Lock()
	if i := slices.Index(p.waiters, st); i >= 0 {
		why := errcode.PhaseError{Phase: errcode.PhaseQueue, Err: errTimeout}
		if st.scarce {
			why.Err = probe.ErrConnectionLimit
		}
		p.refuse(i, why)
	}
	p.mu.Unlock()
	return <-st.steps // it has been sent: a dismissed waiter is no longer in waiters
}

// tryPlace puts st on a connection with room; mu is held.
func (p *Pool) tryPlace(st *stream) bool {
	for _, c := range p.conns {
		if c.tryPlace(st) {
			return true
		}
	}
	return false
}

// balance serves the waiters: with places first, then with the task to dial if neither a
// connection nor a dial under way has room for them. Call it after every change of the
// state it reads; mu is held.
func (p *Pool) balance() {
	for len(p.waiters) > 0 && p.tryPlace(p.waiters[0]) {
		p.dismiss(0, stepSend)
	}
	// One dial may serve many waiters, so no more are begun than these need.
	for len(p.waiters) > p.coming() {
		p.takeDial(p.waiters[0])
		p.dismiss(0, stepDial)
	}
}

// dismiss sends waiter i its next step; mu is held.
func (p *Pool) dismiss(i int, next step) {
	st := p.waiters[i]
	p.waiters = slices.Delete(p.waiters, i, i+1)
	st.steps <- next // has room: a waiter is dismissed once
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

// coming is how many waiters can count on the dials and the handshakes under way. One
// stream of each belongs to the worker that dials; mu is held.
func (p *Pool) coming() int {
	room := min(p.Streams, max(p.usual, 1))
	if n := p.Requests; n > 0 {
		room = min(room, n)
	}
	making := p.dialing
	for _, c := range p.conns {
		if c.early && !c.draining {
			making++
		}
	}
	return making * (room - 1)
}

// add adds a new connection, and places there the worker that dialled it, and then the
// waiters.
func (p *Pool) add(c *conn, st *stream) step {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveBackDial(st)
	if p.aborted {
		return stepFail
	}
	p.conns = append(p.conns, c)
	p.opened.Add(1)
	c.counted = true
	placed := c.tryPlace(st)
	p.balance()
	p.Connections.Notify()
	if !placed {
		c.place.Idle()
		return stepWait
	}
	return stepSend
}

// dialFailed passes a failure on to the waiters without another dial under way: their own
// would have failed the same way. own means that the failure concerns only this worker.
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

// leave takes st off its connection, and gives its place to the next waiter.
func (p *Pool) leave(st *stream) {
	p.mu.Lock()
	c := st.conn
	if i := slices.Index(c.open, st); i >= 0 {
		c.open = slices.Delete(c.open, i, i+1)
	}
	if len(c.open) == 0 && !c.draining {
		c.place.Idle()
	}
	done := c.isDone()
	p.balance()
	p.mu.Unlock()
	if done {
		c.shut(errRetired)
	}
}

// remove removes a connection that has ended.
func (p *Pool) remove(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.conns, c); i >= 0 {
		p.conns = slices.Delete(p.conns, i, i+1)
	}
	c.draining = true
	c.uncount()
	c.place.Busy()
	p.balance()
}

// Withdraw takes back everything a request has and waits for, after its worker has
// panicked. Its connection is in an unknown state and ends.
func (p *Pool) Withdraw(x *Exchange, why error) {
	st := x.stream
	if st == nil {
		return
	}
	p.mu.Lock()
	if i := slices.Index(p.waiters, st); i >= 0 {
		p.waiters = slices.Delete(p.waiters, i, i+1)
	}
	p.giveBackDial(st)
	c := st.conn
	placed := c != nil && slices.Contains(c.open, st)
	p.balance()
	p.mu.Unlock()
	if !placed {
		return
	}
	c.shut(why)
	if st.quic != nil {
		st.upload.end(st.quic, h3Cancelled)
	}
	p.leave(st)
}

// Wait returns when the closed connections and their goroutines are gone. No request may
// be under way.
func (p *Pool) Wait() { p.ending.Wait() }

// CloseIdle closes the connections without a request. It waits for no peer.
func (p *Pool) CloseIdle() {
	for _, c := range p.all() {
		if c.retireIfIdle() {
			c.shut(errRetired)
			// This ends soon: shut has ended the connection, and its goroutines wait for
			// nothing else.
			<-c.gone
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
		c.shut(context.Canceled)
	}
}

func (p *Pool) all() []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.conns)
}

// Count returns how many connections are open and not about to be closed.
func (p *Pool) Count() int { return int(p.opened.Load()) }
