package prober

import (
	"runtime"
	"sync/atomic"

	"example.com/prober/prober/transport"
)

// precision says who may wait for an arrival with the operating system's timer.
// That keeps a processor of the runtime from all other goroutines meanwhile, so
// all processors but one may be used for it, and at least one. None may while
// there is other work in many pieces: that would proceed by one piece for each
// arrival. The runtime's own timers are precise then, because it is not idle.
type precision struct {
	room *transport.Ceiling
	busy atomic.Int32
}

func newPrecision() *precision {
	return &precision{room: transport.NewCeiling(max(1, runtime.GOMAXPROCS(0)-1))}
}

// suspend keeps everybody from waiting precisely until resume is called.
func (p *precision) suspend() { p.busy.Add(1) }
func (p *precision) resume()  { p.busy.Add(-1) }

// tryAcquire tells whether the caller may; it has to release that.
func (p *precision) tryAcquire() bool { return p.busy.Load() == 0 && p.room.TryAcquire() }
func (p *precision) release()         { p.room.Release() }
