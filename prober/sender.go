package prober

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/config"
	"example.com/prober/prober/probe"
)

// sender is what the requests of a target are sent with and judged by, under one
// configuration. A reload that leaves the load as it is replaces it in the middle of a
// burst: requests that have begun end with the sender that they began with.
type sender struct {
	cfg    config.Target
	engine probe.Engine
	// supplies bring what the requests need besides.
	supplies []supply
	// reserver is the engine if its connections have a ceiling, else nil.
	reserver probe.Reserver
	// requests are those of the target, by their numbers: one or more.
	requests []request
	// timeouts are those of the requests, in order.
	timeouts []time.Duration

	// uses counts the requests that it is sending, and 1 while it is the target's.
	uses atomic.Int64
	// apart runs a function that may take a while. It does not wait for it where the way
	// of a request would be held up.
	apart func(func())
	// undo is what to do at the end, the last first.
	undo []func()
}

func newSender(cfg config.Target, c *compiled) *sender {
	s := &sender{cfg: cfg, engine: c.engine, supplies: c.supplies, reserver: c.reserver, requests: requestsOf(&cfg, c), timeouts: timeoutsOf(&cfg)}
	s.uses.Store(1)
	s.apart = func(f func()) { f() }
	return s
}

// begin prepares s for requests, which are aborted when the context requests ends. Until
// schedule ends it keeps at hand what its supplies bring, such as a token; it waits until the
// first attempt to get it has ended.
func (s *sender) begin(schedule, requests context.Context) {
	release := context.AfterFunc(requests, s.engine.Abort)
	s.undo = append(s.undo, func() { release() })
	if len(s.supplies) == 0 {
		return
	}
	fetches, cancel := context.WithCancel(schedule)
	var fetching sync.WaitGroup
	for _, from := range s.supplies { // the last may need what the first brings
		fetching.Go(func() { from.run(fetches) })
		from.ready(fetches)
	}
	s.undo = append(s.undo, func() {
		cancel()
		fetching.Wait()
	})
}

// end closes what s has open. No request may use it any more.
func (s *sender) end() {
	s.engine.CloseIdle()
	for _, undo := range slices.Backward(s.undo) {
		undo()
	}
	s.awaitClosed()
}

// awaitClosed waits until the connections are closed, which takes no time unless the
// engine hangs. Then nobody waits for it any longer.
func (s *sender) awaitClosed() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.engine.Wait()
	}()
	bound := time.NewTimer(stuckAfter)
	defer bound.Stop()
	select {
	case <-closed:
	case <-bound.C:
	}
}

// hold keeps s from its end until letGo is called. It returns false if that is past.
func (s *sender) hold() bool {
	for {
		uses := s.uses.Load()
		if uses == 0 {
			return false
		}
		if s.uses.CompareAndSwap(uses, uses+1) {
			return true
		}
	}
}

func (s *sender) letGo() {
	if s.uses.Add(-1) == 0 {
		s.apart(s.end)
	}
}

// senders has the sender that the requests of a target are sent with from now on.
type senders struct {
	current atomic.Pointer[sender]

	mu   sync.Mutex
	over bool // nothing is sent any more
}

// hold returns the current sender, which the caller has to let go.
func (t *senders) hold() *sender {
	for {
		if s := t.current.Load(); s.hold() {
			return s
		}
	}
}

// adopt has requests sent with s from now on. What the sender before has open is closed
// as soon as no request needs it. It returns false if there will be no more requests.
func (t *target) adopt(s *sender) bool {
	t.senders.mu.Lock()
	defer t.senders.mu.Unlock()
	if t.over {
		return false
	}
	t.recorder.Adopt(breakerOf(&s.cfg), s.timeouts...)
	before := t.current.Swap(s)
	before.apart(before.engine.CloseIdle)
	before.letGo()
	return true
}

// finish ends the last sender, when all requests have ended or were given up.
func (t *target) finish() {
	t.senders.mu.Lock()
	t.over = true
	t.senders.mu.Unlock()
	last := t.current.Load()
	if t.hung.Load() > 0 {
		last.engine.Abort()
	}
	last.end()
}
