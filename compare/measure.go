package compare

import "math"

// measure is one way to compare the two sides. All its values are differences, new minus old:
// of logarithms of latencies, or of shares.
type measure interface {
	// estimate is the measured difference: infinite if one side has no value, and NaN if
	// neither has one.
	estimate() float64
	// interval returns the bounds of the difference for a critical value of a standard normal
	// distribution, or of Student's.
	interval(critical float64) (low, high float64)
	// freedom is the degrees of freedom of the distribution: infinite for the normal one.
	freedom() float64
	// least is how many requests each side needs to have two finite bounds.
	least(critical float64) float64
}

// pair is both sides.
type pair struct {
	old, new *Sample
	isPaired bool // each slice of one side is of the same time as the same slice of the other
}

// combine returns the interval of a difference from the intervals of its two sides (MOVER).
func combine(old, oldLow, oldHigh, add, addLow, addHigh float64) (low, high float64) {
	if math.IsInf(old, 0) || math.IsInf(add, 0) {
		return addLow - oldHigh, addHigh - oldLow // wider than necessary
	}
	d := add - old
	return d - math.Hypot(add-addLow, oldHigh-old), d + math.Hypot(addHigh-add, old-oldLow)
}
