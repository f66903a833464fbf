package compare

import "math"

// failures compares the shares of failed requests.
type failures struct {
	old, new           float64 // shares
	oldTotal, newTotal float64
	spread             spread
}

func newFailures(both *pair) *failures {
	f := &failures{oldTotal: float64(both.old.Total()), newTotal: float64(both.new.Total()), spread: none()}
	f.old, f.new = float64(both.old.Failed())/f.oldTotal, float64(both.new.Failed())/f.newTotal
	independent := f.old*(1-f.old)/f.oldTotal + f.new*(1-f.new)/f.newTotal
	if independent == 0 {
		return f
	}
	f.spread = both.spreadOf(independent, func(s *Slice, isNew bool) float64 {
		if isNew {
			return (float64(s.Failed) - f.new*float64(s.Total())) / f.newTotal
		}
		return -(float64(s.Failed) - f.old*float64(s.Total())) / f.oldTotal
	})
	return f
}

func (f *failures) estimate() float64 { return f.new - f.old }

func (f *failures) interval(critical float64) (low, high float64) {
	z := critical * f.spread.factor
	oldLow, oldHigh := wilson(f.old, f.oldTotal, z)
	newLow, newHigh := wilson(f.new, f.newTotal, z)
	return combine(f.old, oldLow, oldHigh, f.new, newLow, newHigh)
}

func (f *failures) freedom() float64 { return f.spread.freedom }

// least is 1: every share has an interval.
func (f *failures) least(float64) float64 { return 1 }

// wilson returns the score interval of a share.
func wilson(share, n, z float64) (low, high float64) {
	center := (share + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return max(center-half, 0), min(center+half, 1)
}
