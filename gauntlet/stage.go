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

// stage is where a phase plays. It stands in for the test that package peers wants, and
// like a test it ends the phase for which something cannot be done.
type stage struct {
	ctx context.Context //nolint:containedctx // a phase is a call, spread over several

	mu  sync.Mutex
	err error    // the first thing that could not be done
	end []func() // what is to be done at the end, the last first
}

// play runs part on a stage of its own until it ends or cannot go on, and cleans up then.
func play(ctx context.Context, part func(*stage)) error {
	s := &stage{ctx: ctx}
	over := make(chan struct{})
	go func() { // which can be ended from within
		defer close(over)
		defer s.strike()
		part(s)
	}()
	<-over
	return s.err
}

// strike does what is to be done at the end.
func (s *stage) strike() {
	for _, end := range slices.Backward(s.end) {
		end()
	}
}

// Helper is of use to tests alone.
func (s *stage) Helper() {}

// Context returns the context of the run.
func (s *stage) Context() context.Context { return s.ctx }

// Cleanup has end called when the phase ends.
func (s *stage) Cleanup(end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = append(s.end, end)
}

// Errorf notes what could not be done.
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

// await waits until is holds, as it must.
func (s *stage) await(what string, is func() bool) { s.must(until(s.ctx, what, is)) }
