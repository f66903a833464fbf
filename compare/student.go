package compare

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// chance returns how likely a variable of Student's distribution with so many degrees of
// freedom is at least as far from 0 as t, on either side. Infinitely many give the normal
// distribution.
func chance(t, freedom float64) float64 {
	switch {
	case math.IsInf(t, 0):
		return 0
	case math.IsInf(freedom, 1):
		return math.Erfc(math.Abs(t) / math.Sqrt2)
	}
	return mathext.RegIncBeta(freedom/2, 0.5, freedom/(freedom+t*t))
}

// beyond is more than any critical value.
const beyond = 1e4

// critical returns the t with a chance of level.
func critical(level, freedom float64) float64 {
	if math.IsInf(freedom, 1) {
		return math.Sqrt2 * math.Erfcinv(level)
	}
	return last(func(t float64) bool { return chance(t, freedom) > level })
}

// last returns the greatest t from 0 to [beyond] for which holds is true. holds is true up to
// it and false above it.
func last(holds func(t float64) bool) float64 {
	const rounds = 60
	low, high := 0.0, float64(beyond)
	for range rounds {
		if middle := (low + high) / 2; holds(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}
