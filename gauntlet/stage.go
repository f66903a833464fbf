package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// stage is the place of a phase. It implements the test interface that package peers wants. Like a test it ends the
// phase on the first error.
type stage struct {
	ctx context.Context //nolint:containedctx // a phase is a call, spread over several

	mu  sync.Mutex
	err error    // the first error
	end []func() // clean-up functions; the last runs first
}

// play runs part on a stage of its own until it ends or cannot go on, and cleans up then.
func play(ctx context.Context, part func(*stage)) error {
	s := &stage{ctx: ctx}
	over := make(chan struct{})
	go func() { // Goexit can end it from within
		defer close(over)
		defer s.strike()
		part(s)
	}()
	<-over
	return s.err
}

// strike runs the clean-up functions.
func (s *stage) strike() {
	for _, end := range slices.Backward(s.end) {
		end()
	}
}

// Helper does nothing; only tests use it.
func (s *stage) Helper() {}

// Context returns the context of the run.
func (s *stage) Context() context.Context { return s.ctx }

// Cleanup calls end when the phase ends.
func (s *stage) Cleanup(end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = append(s.end, end)
}

// Errorf notes an error.
func (s *stage) Errorf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// FailNow ends the phase. Only its own goroutine may call it.
func (s *stage) FailNow() { runtime.Goexit() }

// must ends the phase if there is an error.
func (s *stage) must(err error) { require.NoError(s, err) }

// pause waits for d.
func (s *stage) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ctx.Done():
		s.must(context.Cause(s.ctx))
	}
}

// await waits until is returns true. It ends the phase if that takes too long.
func (s *stage) await(what string, is func() bool) { s.must(until(s.ctx, what, is)) }
