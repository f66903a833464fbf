package probe

import (
	"slices"
	"sync"
)

// Pooled is a connection that carries one request at a time.
type Pooled interface {
	comparable
	// Place returns its place among the idle connections of its ceiling.
	Place() *Place
	// End closes it without waiting.
	End()
	// Abort ends the operation under way and all later ones.
	Abort()
}

// Pool holds the connections to one target that carry one request at a time: idle ones, the
// last used on top, and all open ones, so they can be aborted. The zero Pool is ready. It is
// safe for concurrent use.
type Pool[C Pooled] struct {
	mu      sync.Mutex
	idle    []C
	open    map[C]struct{}
	aborted bool
}

// Pop takes the most recently used idle connection. It returns the zero value if there is
// none.
func (p *Pool[C]) Pop() C {
	p.mu.Lock()
	defer p.mu.Unlock()
	var none C
	last := len(p.idle) - 1
	if last < 0 {
		return none
	}
	c := p.idle[last]
	p.idle[last] = none
	p.idle = p.idle[:last]
	c.Place().Busy()
	return c
}

// Put makes c idle. It returns false, and leaves c to the caller, after Abort.
func (p *Pool[C]) Put(c C) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.aborted {
		return false
	}
	p.idle = append(p.idle, c)
	c.Place().Idle()
	return true
}

// Add registers a new connection. It returns false after Abort.
func (p *Pool[C]) Add(c C) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.aborted {
		return false
	}
	if p.open == nil {
		p.open = make(map[C]struct{})
	}
	p.open[c] = struct{}{}
	return true
}

// Withdraw takes c out, and reports whether it was idle.
func (p *Pool[C]) Withdraw(c C) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.idle, c)
	if i < 0 {
		return false
	}
	p.idle = slices.Delete(p.idle, i, i+1)
	delete(p.open, c)
	c.Place().Busy()
	return true
}

// Close ends a connection that is not idle.
func (p *Pool[C]) Close(c C) {
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
	c.End()
}

// CloseIdle closes the connections without a request. It does not wait for a peer.
func (p *Pool[C]) CloseIdle() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	for _, c := range idle {
		delete(p.open, c)
		c.Place().Busy()
	}
	p.mu.Unlock()
	for _, c := range idle {
		c.End()
	}
}

// Abort closes idle connections and ends busy ones. The worker of a busy connection closes it.
func (p *Pool[C]) Abort() {
	p.mu.Lock()
	p.aborted = true
	busy := make([]C, 0, len(p.open))
	for c := range p.open {
		busy = append(busy, c)
	}
	p.mu.Unlock()
	for _, c := range busy {
		c.Abort()
	}
	p.CloseIdle()
}

// Count returns how many connections are open.
func (p *Pool[C]) Count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}
