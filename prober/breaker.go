package prober

import (
	"time"

	"example.com/prober/config"
)

// breaker thins the bursts of a target that only fails. It opens after so many
// failures in a row. While it is open a burst is one request; the first success
// after it has been open for its time closes it. It is used under the lock of
// its recorder; a nil configuration never opens.
type breaker struct {
	cfg      *config.Breaker
	failures int // in a row
	opened   time.Time
}

// note counts the end of a request and tells whether the state changed with it.
func (b *breaker) note(failed bool, now time.Time) (changed bool) {
	if b.cfg == nil {
		return false
	}
	if failed {
		b.failures++
		if b.open() || b.failures < b.cfg.After {
			return false
		}
		b.opened = now
		return true
	}
	b.failures = 0
	if !b.open() || now.Sub(b.opened) < b.cfg.For {
		return false
	}
	b.opened = time.Time{}
	return true
}

func (b *breaker) open() bool { return !b.opened.IsZero() }

// adopt takes over what a new configuration of the target says, also for the burst
// under way.
func (r *recorder) adopt(cfg *config.Target) {
	r.setBreaker(cfg.Breaker)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.arrivals != nil {
		r.arrivals.timeout = cfg.Timeout
	}
}

// setBreaker makes cfg the breaker's configuration; its state stays, unless it
// is nil, where it closes.
func (r *recorder) setBreaker(cfg *config.Breaker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.breaker.cfg = cfg
	if cfg == nil {
		r.breaker = breaker{}
	}
}

// breakerOpen reports whether bursts are thinned to one request.
func (r *recorder) breakerOpen() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.breaker.open()
}

// breakerState tells whether bursts are thinned, and after how many failures they are.
func (r *recorder) breakerState() (open bool, after int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.breaker.cfg != nil {
		after = r.breaker.cfg.After
	}
	return r.breaker.open(), after
}
