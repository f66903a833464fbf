package load

import (
	"hash/fnv"
	"time"
)

// Slots is the grid of the start times of a target's bursts: the multiples of its
// interval since the Unix epoch, shifted by a hash of its name to spread targets
// evenly. Replicas agree on it without talking.
type Slots struct {
	interval time.Duration
	shift    time.Duration
}

// NewSlots returns the grid of a target.
func NewSlots(name string, interval time.Duration) Slots {
	return Slots{interval: interval, shift: time.Duration(hashName(name) % uint64(interval))}
}

// hashName returns a number that is the same for a name on every machine and in every
// version: slots, shards and random arrivals depend on it.
func hashName(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash does not fail
	return mix(h.Sum64())
}

// mix spreads FNV's weak high bits. Without it, hashes of names that differ only in the
// last letter would lie close together (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// First returns the time from wall until the next slot, above 0.
func (s Slots) First(wall time.Time) time.Duration {
	return s.interval - s.into(wall)
}

// Passed returns how many slots were missed when the wake-up for one was late, and how
// long ago the last slot was.
func (s Slots) Passed(late time.Duration) (missed int, behind time.Duration) {
	late = max(late, 0)
	return int(late / s.interval), late % s.interval
}

// Next returns the time from wall until the next slot, and how many slots were missed
// meanwhile. elapsed is the time since the last burst was due, by a clock that nobody
// sets. The wall clock only locates the grid: the slot is the one nearest to a whole
// number of intervals after the last start. So setting the clock forwards or backwards
// neither loses nor doubles a burst.
func (s Slots) Next(wall time.Time, elapsed time.Duration) (wait time.Duration, missed int) {
	missed = int(elapsed / s.interval)
	wait = time.Duration(missed+1)*s.interval - elapsed
	wait += s.nearest(wall.Add(wait))
	if wait <= 0 {
		wait += s.interval
		missed++
	}
	return wait, missed
}

// Number returns the number of the slot nearest to wall, since the Unix epoch.
func (s Slots) Number(wall time.Time) int64 {
	return (wall.UnixNano() - int64(s.shift) + int64(s.interval)/2) / int64(s.interval)
}

// into returns how far wall lies behind the slot before it: [0, interval).
func (s Slots) into(wall time.Time) time.Duration {
	into := time.Duration((wall.UnixNano() - int64(s.shift)) % int64(s.interval))
	if into < 0 {
		into += s.interval
	}
	return into
}

// nearest returns the signed time from wall to the slot nearest to it.
func (s Slots) nearest(wall time.Time) time.Duration {
	into := s.into(wall)
	if into <= s.interval/2 {
		return -into
	}
	return s.interval - into
}
