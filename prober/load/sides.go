package load

import (
	"context"
	"math"
	"sync"
)

// Two bursts with the same load can be fired in turn, arrival by arrival, so disturbances hit both. Arrivals come
// in pairs then, one for each side. The order in a pair is random, so neither side always goes first. It depends
// only on the number of the pair.

// Side returns the part of one of two bursts that are fired in turn, 0 or 1. Each has all arrivals of its own plan.
// In an open burst these are the first or the second of a pair of arrivals at twice the rate.
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

// number returns the number of an arrival within its side, or among all without sides.
func (p *Pacer) number(k int64) int64 {
	if p.side != 0 {
		return k / 2
	}
	return k
}

// Turns has two closed bursts start their requests in turn: one of each pair, in the same order as in open bursts.
// The side with the faster answers waits for the other.
type Turns struct {
	mu      sync.Mutex
	started [2]int64
	over    [2]bool
	changed chan struct{} // closed when a field above has changed
}

// NewTurns returns the turns of two bursts.
func NewTurns() *Turns { return &Turns{changed: make(chan struct{})} }

// Await waits until the next request of a side, 0 or 1, may start, or the other side or ctx has ended.
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

// take takes the next turn of a side. If it is not its turn, changed is closed when to look again.
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
