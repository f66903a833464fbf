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

// sender sends the requests of a target and judges them under one configuration. A reload
// that keeps the load replaces it in the middle of a burst: requests in flight end with the
// sender they began with.
type sender struct {
	cfg    *config.Target // never changed
	engine probe.Engine
	// supplies bring what else the requests need.
	supplies []supply
	// reserver is the engine if its connections have a ceiling, else nil.
	reserver probe.Reserver
	// requests are the requests of the target by number: one or more.
	requests []request
	// timeouts are the timeouts of the requests, in order.
	timeouts []time.Duration

	// uses counts the requests it is sending, plus 1 while it is the target's sender.
	uses atomic.Int64
	// apart runs a function that may take a while. It does not wait for the function if that
	// would delay a request.
	apart func(func())
	// undo is what to do at the end, the last first.
	undo []func()
}

func newSender(cfg *config.Target, c *compiled) *sender {
	s := &sender{cfg: cfg, engine: c.engine, supplies: c.supplies, reserver: c.reserver, requests: requestsOf(cfg, c), timeouts: timeoutsOf(cfg)}
	s.uses.Store(1)
	s.apart = func(f func()) { f() }
	return s
}

// begin prepares s for requests; they are aborted when the context requests ends. Until
// schedule ends, begin keeps what the supplies bring up to date, such as a token. It waits
// until the first attempt of each has ended.
func (s *sender) begin(schedule, requests context.Context) {
	// The context of Do ends dialling alone. Exchanges under way end with Abort.
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

// end closes the connections of s. No request may use s any more.
func (s *sender) end() {
	s.engine.CloseIdle()
	for _, undo := range slices.Backward(s.undo) {
		undo()
	}
	s.awaitClosed()
}

// awaitClosed waits until the connections are closed. That takes no time unless the engine
// hangs; then awaitClosed gives up after stuckAfter.
func (s *sender) awaitClosed() {
	closed := make(chan struct{})
	// This goroutine can outlive the wait if the engine hangs, and then nothing can end it.
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

// hold protects s from its end until letGo is called. It returns false if s has ended.
// Addition alone could bring back a sender whose last use has just ended, and end it twice.
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

// senders has the current sender of a target's requests.
type senders struct {
	current atomic.Pointer[sender]

	mu   sync.Mutex
	over bool // nothing is sent any more
}

// hold returns the current sender. The caller must let it go. This ends: a sender loses its
// last use only after another was stored.
func (t *senders) hold() *sender {
	for {
		if s := t.current.Load(); s.hold() {
			return s
		}
	}
}

// adopt has requests sent with s from now on. It closes connections of the sender before as
// soon as no request needs them. It returns false if there will be no more requests.
func (t *target) adopt(s *sender) bool {
	t.senders.mu.Lock()
	defer t.senders.mu.Unlock()
	if t.over {
		return false
	}
	t.recorder.Adopt(breakerOf(s.cfg), s.timeouts...)
	before := t.current.Swap(s)
	// Connections without a request go now, and those in use when their requests have
	// ended.
	before.apart(before.engine.CloseIdle)
	before.letGo()
	return true
}

// finish ends the last sender after all requests have ended or were given up.
func (t *target) finish() {
	t.senders.mu.Lock()
	t.over = true
	t.senders.mu.Unlock()
	last := t.current.Load()
	// Requests that hang hold their connections. Abort is the only thing that may still end
	// them.
	if t.hung.Load() > 0 {
		last.engine.Abort()
	}
	last.end()
}
