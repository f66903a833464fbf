package probe

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"example.com/prober/errcode"
)

// ErrConnectionLimit is the failure of a request that got no connection in its time,
// because no more may be open.
var ErrConnectionLimit error = errcode.New(errcode.LocalResources, "the time ran out while the limit of open connections was reached")

// ErrNeedless is the error of Acquire if no connection is needed any more.
var ErrNeedless = errors.New("no connection is needed")

// Ceiling bounds how many of something there are at once in the whole process. The
// ceiling of connections also knows the idle ones, so one can be closed to make room for
// another. A nil Ceiling bounds nothing.
//
// Lock its mutex after all others.
type Ceiling struct {
	most    int
	changed func() // called, with locks held, when there may be room

	mu   sync.Mutex
	used int
	// idle is the root of the ring of idle connections; its next has been idle for
	// longest. idleCount is the length of the ring.
	idle      Place
	idleCount int
	// line holds the callers of Acquire that wait, in the order in which they came.
	line []chan struct{}
}

// Evictable is a connection that can be closed while it is idle.
type Evictable interface {
	// Withdraw reports whether the connection is idle, and makes sure that nobody uses
	// it any more then. It spares connections of HTTP/2 in the pool that asks: that pool
	// can use them as they are. It does not wait.
	Withdraw(asks any) bool
	// Evict closes it after that. It returns false if the connection no longer has its
	// place under the ceiling.
	Evict() bool
}

// NewCeiling returns a ceiling of n, nil if n is not above 0.
func NewCeiling(n int) *Ceiling {
	if n <= 0 {
		return nil
	}
	c := &Ceiling{most: n}
	c.idle.next, c.idle.prev = &c.idle, &c.idle
	return c
}

// OnChange has changed called whenever there may be room for callers that do not wait in
// line. changed must not block. Call OnChange before the ceiling is used.
func (c *Ceiling) OnChange(changed func()) {
	if c != nil {
		c.changed = changed
	}
}

// TryAcquire takes a place if one is left.
func (c *Ceiling) TryAcquire() bool {
	if c == nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used >= c.most {
		return false
	}
	c.used++
	return true
}

// Acquire waits for a place until the given time, and closes an idle connection for it.
// Its callers hold up requests that have started, so they come before all others. It
// returns ErrNeedless when enough is not nil and reports that no place is needed any
// more.
func (c *Ceiling) Acquire(ctx context.Context, until Instant, enough func() bool) error {
	turn := c.stand()
	defer c.quit(turn)
	expired := time.NewTimer(until.Sub(Now()))
	defer expired.Stop()
	for {
		if enough != nil && enough() {
			return ErrNeedless
		}
		if victim, ok := c.take(turn, nil); ok {
			if victim == nil || victim.Evict() {
				return nil
			}
			continue
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return HeldBack(ctx, ErrConnectionLimit)
		case <-expired.C:
			return ErrConnectionLimit
		}
	}
}

// HeldBack returns why a request did not get what it waited for when ctx or its own time
// ended: the ceiling, unless nobody wants the request any more.
func HeldBack(ctx context.Context, ceiling error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Canceled
	}
	return ceiling
}

func (c *Ceiling) stand() chan struct{} {
	turn := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.line = append(c.line, turn)
	return turn
}

func (c *Ceiling) quit(turn chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.line, turn)
	c.line = slices.Delete(c.line, i, i+1)
	c.tell() // its wake-up may be for the next one
}

// take takes a place for turn if it is first in line, or for anybody if the line is
// empty. If no place is left, it takes over the place of the connection that has been
// idle for longest. The caller has to evict that connection. take spares connections of
// the pool that asks.
func (c *Ceiling) take(turn chan struct{}, asks any) (victim Evictable, ok bool) {
	if c == nil {
		return nil, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.line) > 0 && c.line[0] != turn {
		return nil, false
	}
	if c.used < c.most {
		c.used++
		return nil, true
	}
	for tries := c.idleCount; tries > 0 && c.idleCount > 0; tries-- {
		s := c.idle.next
		s.leave()
		c.mu.Unlock()
		withdrawn := s.Of.Withdraw(asks)
		c.mu.Lock()
		if withdrawn {
			return s.Of, true
		}
	}
	return nil, false
}

// Release gives a place back.
func (c *Ceiling) Release() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used--
	c.tell()
}

// Notify says that a connection has room for more requests.
func (c *Ceiling) Notify() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tell()
}

// tell wakes the next worker to look for room; mu is held.
func (c *Ceiling) tell() {
	switch {
	case len(c.line) > 0:
		select {
		case c.line[0] <- struct{}{}:
		default: // it has been told already
		}
	case c.changed != nil:
		c.changed()
	}
}

// Used returns how many places are taken.
func (c *Ceiling) Used() int {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used
}

// Waiting returns how many requests wait for a place.
func (c *Ceiling) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.line)
}

// IdleConnections returns how many of the open connections are idle.
func (c *Ceiling) IdleConnections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idleCount
}

// Place is the place of a connection among the idle connections of its ceiling. The
// mutex of the ceiling guards it. The zero Place has no ceiling, and does nothing.
type Place struct {
	Ceiling    *Ceiling
	Of         Evictable
	next, prev *Place // nil while the connection is not idle
}

// Idle makes the connection the last one to become idle.
func (s *Place) Idle() {
	if s.Ceiling == nil {
		return
	}
	s.Ceiling.mu.Lock()
	defer s.Ceiling.mu.Unlock()
	s.sit()
	s.Ceiling.tell()
}

// StillIdle puts back an idle connection that cannot be closed now.
func (s *Place) StillIdle() {
	s.Ceiling.mu.Lock()
	defer s.Ceiling.mu.Unlock()
	s.sit()
}

// Busy notes that the connection is in use, or closed.
func (s *Place) Busy() {
	if s.Ceiling == nil {
		return
	}
	s.Ceiling.mu.Lock()
	defer s.Ceiling.mu.Unlock()
	s.leave()
}

func (s *Place) sit() {
	s.leave()
	root := &s.Ceiling.idle
	s.prev, s.next = root.prev, root
	s.prev.next, root.prev = s, s
	s.Ceiling.idleCount++
}

func (s *Place) leave() {
	if s.next == nil {
		return
	}
	s.prev.next, s.next.prev = s.next, s.prev
	s.next, s.prev = nil, nil
	s.Ceiling.idleCount--
}
