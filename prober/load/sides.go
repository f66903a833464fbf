package load

import (
	"context"
	"math"
	"sync"
)

// Two bursts with the same load can be fired in turn, arrival by arrival, so that whatever happens
// meanwhile hits both. Arrivals come in pairs then, one for each side. Which comes first in a
// pair is random, and the same for all that know the number of the pair: neither side always goes first.

// Side returns the part of one of two bursts that are fired in turn, 0 or 1. Each has all arrivals of its own plan.
// Those of an open burst are the first or the second of a pair of arrivals at twice the rate.
func Side(side int) Part { return Part{total: 1, side: int64(side) + 1} }

// isOfSide reports whether the arrival k, counted over both sides, is of a side, 1 or 2.
func isOfSide(k, side int64) bool { return k%2 == placeOf(k/2, side) }

// placeOf returns whether the side is the first or the second of a pair: 0 or 1.
func placeOf(pair, side int64) int64 {
	return (side - 1) ^ int64(mix(uint64(pair)^mixSalt)&1)
}

// newSidePacer returns the plan of a side: every second arrival of the burst at twice the rate.
func newSidePacer(b *Burst, name string, slot, side int64) *Pacer {
	twice := *b
	twice.Requests, twice.Rate, twice.Stages = 2*b.Requests, 2*b.Rate, nil
	for _, s := range b.Stages {
		twice.Stages = append(twice.Stages, Stage{Duration: s.Duration, Rate: 2 * s.Rate})
	}
	p := NewPacer(&twice, name, slot, Whole())
	p.of, p.side = 2, side
	if mean := p.Mean(); p.seed == nil && mean < math.MaxInt64 {
		p.limit = int64(mean) / 2 * 2 // both sides have as many
	}
	return p
}

// number returns that of an arrival among those of its side, or of all where there are no sides.
func (p *Pacer) number(k int64) int64 {
	if p.side != 0 {
		return k / 2
	}
	return k
}

// Turns has two closed bursts start their requests in turn: one of each pair, in the order of the
// arrivals of open bursts. The side that answers faster waits for the other.
type Turns struct {
	mu      sync.Mutex
	started [2]int64
	over    [2]bool
	changed chan struct{} // closed when something of the above has changed
}

// NewTurns returns the turns of two bursts.
func NewTurns() *Turns { return &Turns{changed: make(chan struct{})} }

// Await waits until the next request of a side, 0 or 1, may start, the other side has
// ended, or ctx has.
func (t *Turns) Await(ctx context.Context, side int) {
	for {
		changed := t.take(side)
		if changed == nil {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// take takes the next turn of a side. If it is not its turn it returns what tells when to look again.
func (t *Turns) take(side int) (changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine, others := t.started[side], t.started[1-side]
	isFirst := placeOf(mine, int64(side)+1) == 0
	if !t.over[1-side] && mine >= others && (mine > others || !isFirst) {
		return t.changed
	}
	t.started[side]++
	t.tell()
	return nil
}

// Leave ends a side: the other goes on alone.
func (t *Turns) Leave(side int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over[side] = true
	t.tell()
}

func (t *Turns) tell() {
	close(t.changed)
	t.changed = make(chan struct{})
}
