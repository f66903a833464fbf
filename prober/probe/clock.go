package probe

import "time"

// epoch anchors [Instant]; it is read, never written, after the program's start.
var epoch = time.Now()

// Instant is a moment on the monotonic clock of this process in nanoseconds.
// Only differences between two of them mean anything; the zero Instant stands
// for "not known". It takes one clock read, where time.Now takes two.
type Instant int64

// Now reads the monotonic clock.
func Now() Instant { return Instant(time.Since(epoch)) }

// At returns the Instant of t, which must carry a monotonic reading.
func At(t time.Time) Instant { return Instant(t.Sub(epoch)) }

// Sub returns the time from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i - j) }

// Add returns the Instant d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }

// Time returns i as a time that deadlines of the standard library understand.
func (i Instant) Time() time.Time { return epoch.Add(time.Duration(i)) }

// Never is an Instant that does not come.
const Never = Instant(1 << 62)
