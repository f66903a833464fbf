package load

import "time"

// Breaker thins the bursts of a target that only fails. It opens after so many failures
// in a row. While it is open, a burst is one request. The first success after it has been
// open for its time closes it. The lock of its recorder protects it; the zero value never
// opens.
type Breaker struct {
	// After is how many failures in a row open it, 0 for never; For is how long it stays
	// open at least.
	After int
	For   time.Duration

	failures int // in a row
	opened   time.Time
}

// Note counts the end of a request and reports whether this changed the state.
func (b *Breaker) Note(failed bool, now time.Time) (changed bool) {
	if !b.IsThere() {
		return false
	}
	if failed {
		b.failures++
		if b.IsOpen() || b.failures < b.After {
			return false
		}
		b.opened = now
		return true
	}
	b.failures = 0
	if !b.IsOpen() || now.Sub(b.opened) < b.For {
		return false
	}
	b.opened = time.Time{}
	return true
}

// Adopt replaces After and For. The state stays, except that a breaker without After
// closes.
func (b *Breaker) Adopt(rule Breaker) {
	if b.After, b.For = rule.After, rule.For; !b.IsThere() {
		*b = Breaker{}
	}
}

// IsThere reports whether failures can open it.
func (b *Breaker) IsThere() bool { return b.After > 0 }

// IsOpen reports whether bursts are thinned to one request.
func (b *Breaker) IsOpen() bool { return !b.opened.IsZero() }
