package transport

import (
	"context"
	"errors"
)

// ErrConnectionLimit is why a request failed that needed a connection of its own
// when no more may be open. No attempt was made.
var ErrConnectionLimit = errors.New("the ceiling of open connections is reached")

// Ceiling bounds how many of something there are at once in the whole process.
// A nil Ceiling bounds nothing.
type Ceiling struct{ tokens chan struct{} }

// NewCeiling returns a ceiling of n, nil when n is not above 0.
func NewCeiling(n int) *Ceiling {
	if n <= 0 {
		return nil
	}
	return &Ceiling{tokens: make(chan struct{}, n)}
}

// TryAcquire takes one if there is one left.
func (c *Ceiling) TryAcquire() bool {
	if c == nil {
		return true
	}
	select {
	case c.tokens <- struct{}{}:
		return true
	default:
		return false
	}
}

// Acquire waits for one, and returns false if ctx ends first.
func (c *Ceiling) Acquire(ctx context.Context) bool {
	if c == nil {
		return true
	}
	select {
	case c.tokens <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// Release gives one back.
func (c *Ceiling) Release() {
	if c != nil {
		<-c.tokens
	}
}

// Used returns how many are taken.
func (c *Ceiling) Used() int {
	if c == nil {
		return 0
	}
	return len(c.tokens)
}
