package prober

import (
	"math"
	"time"

	"example.com/prober/config"
)

// pacer says when the arrivals of an open burst are due. It is pure arithmetic
// on the burst's definition: arrival k is due at a time known beforehand,
// whatever the target does.
type pacer struct {
	// n is the number of arrivals of the burst.
	n int64
	// rate is in arrivals per second.
	rate float64
}

func newPacer(b config.Burst) pacer {
	n := int64(math.MaxInt64)
	if b.Requests > 0 {
		n = int64(b.Requests)
	}
	p := pacer{n: n, rate: b.Rate}
	if b.Duration > 0 {
		p.n = min(n, p.dueBy(b.Duration-1))
	}
	return p
}

// due returns when arrival k, counted from 0, is due after the burst's start.
func (p pacer) due(k int64) time.Duration {
	return time.Duration(math.Round(float64(k) / p.rate * float64(time.Second)))
}

// dueBy returns how many arrivals are due until after has passed since the
// burst's start: the least k for which due(k) is later, at most n.
func (p pacer) dueBy(after time.Duration) int64 {
	if after < 0 {
		return 0
	}
	k := min(p.n, int64(after.Seconds()*p.rate)+1)
	for k > 0 && p.due(k-1) > after {
		k--
	}
	for k < p.n && p.due(k) <= after {
		k++
	}
	return k
}
