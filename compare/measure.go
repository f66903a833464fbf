package compare

import "math"

// measure is something that the two sides are compared by. All its values are differences, new
// minus old: of logarithms of latencies, or of shares.
type measure interface {
	// estimate is the difference that was measured: infinite where one side has no value, and
	// NaN where neither has.
	estimate() float64
	// interval returns the bounds of the difference for a critical value, which is that of
	// a standard normal distribution or one of Student's.
	interval(critical float64) (low, high float64)
	// freedom is how many degrees of freedom the distribution has: infinite for the normal one.
	freedom() float64
	// least is how many requests each side must have for both bounds to be finite.
	least(critical float64) float64
}

// pair is both sides.
type pair struct {
	old, new *Sample
	isPaired bool // slice for slice of the same time
}

// combine returns the interval of a difference from those of its two sides (MOVER).
func combine(old, oldLow, oldHigh, add, addLow, addHigh float64) (low, high float64) {
	if math.IsInf(old, 0) || math.IsInf(add, 0) {
		return addLow - oldHigh, addHigh - oldLow // wider than it need be
	}
	d := add - old
	return d - math.Hypot(add-addLow, oldHigh-old), d + math.Hypot(addHigh-add, old-oldLow)
}
