package probe

import "time"

// epoch anchors [Instant]; it is read, never written, after the program's start.
var epoch = time.Now()

// Instant is a moment on the monotonic clock of this process in nanoseconds. Only
// differences between two of them have a meaning; the zero Instant means "not known".
// Now reads one clock; time.Now reads two.
type Instant int64

// Now reads the monotonic clock.
func Now() Instant { return Instant(time.Since(epoch)) }

// At returns the Instant of t, which must carry a monotonic reading.
func At(t time.Time) Instant { return Instant(t.Sub(epoch)) }

// Sub returns the time from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i - j) }

// Add returns the Instant d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }

// Time returns i as a time for deadlines of the standard library.
func (i Instant) Time() time.Time { return epoch.Add(time.Duration(i)) }

// Never is an Instant that never comes.
const Never = Instant(1 << 62)
