package numbers

import (
	"math"
	"math/bits"
	"time"
)

// totalTime is a sum of durations, none below 0, in nanoseconds. It has 128 bits: an
// int64 ends at 292 years, and ten thousand requests in flight reach this within eleven
// days.
type totalTime struct{ high, low uint64 }

func (t *totalTime) add(d time.Duration) {
	var carry uint64
	t.low, carry = bits.Add64(t.low, uint64(d), 0)
	t.high += carry
}

func (t *totalTime) merge(other totalTime) {
	var carry uint64
	t.low, carry = bits.Add64(t.low, other.low, 0)
	t.high += other.high + carry
}

// since returns the durations added after t was earlier. It must not be used the other way
// round: the difference would wrap.
func (t *totalTime) since(earlier totalTime) totalTime {
	low, borrow := bits.Sub64(t.low, earlier.low, 0)
	return totalTime{t.high - earlier.high - borrow, low}
}

// seconds is exact to the nanosecond within the precision of a float64, and never falls
// while durations are added.
func (t *totalTime) seconds() float64 {
	whole, rest := bits.Div64(t.high, t.low, uint64(time.Second))
	return float64(whole) + float64(rest)/float64(time.Second)
}

// mean returns the mean of the n added durations, rounded down; 0 without any. It is the
// longest Duration if it would be above that.
func (t *totalTime) mean(n uint64) time.Duration {
	switch {
	case n == 0:
		return 0
	case t.high >= n: // Div64 panics: the quotient has more than 64 bits
		return math.MaxInt64
	}
	mean, _ := bits.Div64(t.high, t.low, n)
	return time.Duration(min(mean, math.MaxInt64))
}

// duration returns the sum, or the longest Duration if the sum is above that.
func (t *totalTime) duration() time.Duration { return t.mean(1) }
