package load

import (
	"errors"
	"fmt"
)

// Shard says which of several probers with the same configuration this one is. The zero
// value is the only one.
type Shard struct {
	// Ordinal counts from 0, Total is how many there are.
	Ordinal, Total int
}

// Validate returns an error unless the ordinal is within the total.
func (s Shard) Validate() error {
	if s == (Shard{}) {
		return nil
	}
	if s.Total < 1 {
		return errors.New("--total-shards must be at least 1")
	}
	if s.Ordinal < 0 || s.Ordinal >= s.Total {
		return fmt.Errorf("--shard must be 0 to %d with --total-shards=%d", s.Total-1, s.Total)
	}
	return nil
}

// Count returns how many shards there are, at least 1.
func (s Shard) Count() int { return max(s.Total, 1) }

// Part is the part of a plan for this process.
type Part struct {
	ordinal, total int64
	// side is 1 or 2 for one of two bursts that are fired in turn, see [Side].
	side int64
}

// Whole is all of a plan.
func Whole() Part { return Part{total: 1} }

// Runs reports whether this shard runs t at all. If the load of t is shared, a shard
// that would never have a request to send fires no bursts, rather than empty ones.
func (s Shard) Runs(t *Target) bool {
	if !t.Shared {
		return s.owner(t.Name) == s.Ordinal
	}
	return s.Part(t).hasWork(t)
}

// hasWork reports whether the bursts of t can have a request in this part.
func (p Part) hasWork(t *Target) bool {
	b := &t.Burst
	switch {
	case b.Requests > 0 && p.ordinal >= int64(b.Requests):
		return false
	case !b.IsOpen():
		return b.Requests > 0 || p.ordinal < int64(b.Concurrency) // else it has no worker
	case b.Poisson:
		return true // now and then
	}
	plan := NewPacer(b, t.Name, 0, p)
	return plan.due(float64(p.ordinal)) < plan.end
}

// Part returns this shard's part of the arrivals of t.
func (s Shard) Part(t *Target) Part {
	if t.Shared {
		return Part{ordinal: int64(s.Ordinal), total: int64(s.Count())}
	}
	return Whole()
}

// owner picks the shard of a name by rendezvous hashing: the shard with the highest
// hash of its number and the name. When a shard is added, only its new targets move;
// when the last shard goes, only its own do.
func (s Shard) owner(name string) int {
	owner, highest := 0, uint64(0)
	seed := hashName(name)
	for i := range s.Count() {
		if h := mix(seed ^ mix(uint64(i)+1)); h >= highest {
			owner, highest = i, h
		}
	}
	return owner
}

// Share returns how many of n things, numbered from 0, belong to the part.
func (p Part) Share(n int) int {
	return int((int64(n) - p.ordinal + p.total - 1) / p.total)
}

// Global maps number j of the part to its number among all things, both counted from 0.
func (p Part) Global(j int64) int64 { return j*p.total + p.ordinal }
