package load

import (
	"math"
	"time"

	"example.com/prober/prober/probe"
)

// maxStarts bounds the memory of a window.
const maxStarts = 1 << 16

// window admits at most n requests in any span of time of its length. A token bucket
// would let through its rate and, on top, its depth within one second. A window
// remembers when each of the last n requests started. Its owner has a lock.
type window struct {
	length time.Duration
	starts []probe.Instant // a ring; next is the oldest
	next   int
}

// newWindow returns the window for a rate per span, nil for no ceiling. Within a span
// it admits no more than the whole requests of the rate: 2 of 2.9. A rate below 1 makes
// the window longer than the span. A rate above maxStarts divides the span into
// windows; together they admit no more than the rate.
func newWindow(rate float64, span time.Duration) *window {
	switch {
	case !(rate > 0) || math.IsInf(rate, 1):
		return nil
	case rate < 1:
		return &window{length: nanoseconds(span.Seconds() / rate), starts: make([]probe.Instant, 1)}
	}
	parts := math.Ceil(rate / maxStarts)
	return &window{length: nanoseconds(span.Seconds() / parts), starts: make([]probe.Instant, int(rate/parts))}
}

// WholeRate returns how many requests per second the window for a rate admits.
func WholeRate(rate float64) float64 {
	if rate < 1 {
		return rate
	}
	return math.Floor(rate)
}

// nanoseconds rounds up, to at most the greatest duration an Instant can add.
func nanoseconds(seconds float64) time.Duration {
	const most = 1 << 61
	return time.Duration(min(math.Ceil(seconds*float64(time.Second)), most))
}

// wait returns how long after now the next request may start, 0 if at once.
func (w *window) wait(now probe.Instant) time.Duration {
	if w == nil {
		return 0
	}
	oldest := w.starts[w.next]
	if oldest == 0 {
		return 0
	}
	return max(0, oldest.Add(w.length).Sub(now))
}

// note remembers that a request starts at now.
func (w *window) note(now probe.Instant) {
	if w == nil {
		return
	}
	w.starts[w.next] = now
	w.next = (w.next + 1) % len(w.starts)
}

// used returns how many requests per second the window has admitted during its length
// up to now.
func (w *window) used(now probe.Instant) float64 {
	if w == nil {
		return 0
	}
	n := 0
	for _, start := range w.starts {
		if start != 0 && now < start.Add(w.length) {
			n++
		}
	}
	return float64(n) / w.length.Seconds()
}
