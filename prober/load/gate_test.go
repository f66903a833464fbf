package load

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
)

func TestRequestsOfARedirectCountUnderTheRateAndGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(Limits{Rate: 4, InFlight: 1})
		first := &Ticket{granted: make(chan struct{}, 1)}
		require.True(t, l.Await(t.Context(), first))
		later := &Ticket{granted: make(chan struct{}, 1)}
		var waiting sync.WaitGroup
		waiting.Go(func() { assert.True(t, l.Await(t.Context(), later)) })
		began := time.Now()
		for range 23 {
			require.True(t, l.Next(t.Context(), probe.Now().Add(time.Minute)))
		}
		assert.Equal(t, 5*time.Second, time.Since(began), "24 requests at 4 per second")
		assert.False(t, later.admitted)
		assert.False(t, l.Next(t.Context(), probe.Now().Add(time.Millisecond)), "in vain")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		assert.False(t, l.Next(ended, probe.Now().Add(time.Minute)))
		assert.Empty(t, l.gate.hops)
		l.Done(first)
		waiting.Wait()
		l.Done(later)
		assert.Zero(t, l.gate.inFlight)
	})
}

func TestTheGateServesInTheOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(Limits{InFlight: 1})
		first := &Ticket{granted: make(chan struct{}, 1)}
		require.True(t, l.Await(t.Context(), first))
		var order []int
		var waiting sync.WaitGroup
		for i := range 50 {
			waiting.Go(func() {
				pass := &Ticket{granted: make(chan struct{}, 1), Until: probe.Now().Add(time.Hour)}
				if i%5 == 4 { // gives up
					pass.Until = probe.Now().Add(time.Millisecond)
				}
				if l.Await(t.Context(), pass) {
					order = append(order, i)
					time.Sleep(time.Second)
					l.Done(pass)
				}
			})
			synctest.Wait()
		}
		time.Sleep(time.Second)
		l.Done(first)
		waiting.Wait()
		assert.Len(t, order, 40)
		assert.IsIncreasing(t, order)
		assert.Zero(t, l.gate.inFlight)
		assert.Zero(t, l.gate.waiting.Load())
	})
}

// poorEngine has a number of free connections.
type poorEngine struct{ free atomic.Int64 }

func (e *poorEngine) Reserve(*probe.Result) bool {
	if e.free.Add(-1) < 0 {
		e.free.Add(1)
		return false
	}
	return true
}

func (e *poorEngine) Unreserve(*probe.Result) { e.free.Add(1) }
func (e *poorEngine) Shares() bool            { return false }

// sharingEngine has a place for each request but lacks a connection of its own.
type sharingEngine struct{}

func (sharingEngine) Reserve(*probe.Result) bool { return true }
func (sharingEngine) Unreserve(*probe.Result)    {}
func (sharingEngine) Shares() bool               { return true }

func TestWhoNeedsNoConnectionOvertakesForAWhileOnly(t *testing.T) {
	t.Parallel()
	l := NewLimiter(Limits{Connections: 1})
	poor := new(poorEngine)
	waits := &Ticket{engine: poor, granted: make(chan struct{}, 1)}
	_, ok, _ := l.gate.join(waits)
	require.False(t, ok)
	passing := &Ticket{engine: sharingEngine{}, shares: true, granted: make(chan struct{}, 1)}
	for range maxOvertaken {
		_, ok, _ = l.gate.join(passing)
		require.True(t, ok)
		l.Done(passing)
	}
	_, ok, _ = l.gate.join(passing)
	require.False(t, ok, "now it is the turn of who came first")
	poor.free.Store(1)
	l.Connections.TryAcquire()
	l.Connections.Release() // as when a connection is closed
	assert.True(t, l.gate.wait(t.Context(), waits))
	assert.True(t, l.gate.wait(t.Context(), passing))
}
