package compare

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// spread says how far a difference scatters, judged by the differences between slices.
type spread struct {
	// factor is the ratio of the standard deviation to that of independent requests. It is below 1 if
	// disturbances hit both sides.
	factor  float64
	freedom float64
}

// none is the spread of independent requests.
func none() spread { return spread{1, math.Inf(1)} }

const (
	// leastSlices is the least number of slices that show their scatter.
	leastSlices = 8
	// doubt is how unlikely the scatter of the slices must be for independent requests, before they count as
	// dependent.
	doubt = 0.02
)

// spreadOf compares the scatter of the slices with independent, the variance of the difference for independent
// requests. influence says by how much the requests of a slice push the difference; the sum over all slices is
// 0. Consecutive slices are joined by twos and fours too, to show disturbances longer than a slice.
func (p *pair) spreadOf(independent float64, influence func(s *Slice, isNew bool) float64) spread {
	if independent <= 0 {
		return none()
	}
	of := func(all []Slice, isNew bool) (pushes []float64) {
		for i := range all {
			pushes = append(pushes, influence(&all[i], isNew))
		}
		return pushes
	}
	old, add := of(p.old.Slices, false), of(p.new.Slices, true)
	widest, isKnown := none(), false
	for range 3 {
		if variance, freedom := p.variance(old, add); freedom >= leastSlices-1 {
			if one := p.spreadAs(variance/independent, freedom); !isKnown || one.width() > widest.width() {
				widest, isKnown = one, true
			}
		}
		old, add = joined(old), joined(add)
	}
	return widest
}

// leastFactor is the lower bound of a factor: no more of the scatter counts as cancelled out.
const leastFactor = 0.1

// spreadAs returns the spread of slices with ratio times the variance of independent requests, unless that may
// be chance. Sides that are not paired have no reason to scatter less.
func (p *pair) spreadAs(ratio, freedom float64) spread {
	beyond := mathext.GammaIncRegComp // the chance of a larger ratio
	switch {
	case ratio < 1 && !p.isPaired:
		return none()
	case ratio < 1:
		beyond = mathext.GammaIncReg // of a smaller one
	}
	if beyond(freedom/2, freedom/2*ratio) >= doubt {
		return none()
	}
	return spread{max(math.Sqrt(ratio), leastFactor), freedom}
}

// width is the width of an interval of the usual level, in standard deviations of independent requests.
func (s spread) width() float64 { return s.factor * critical(alarms, s.freedom) }

// variance estimates the variance of the sum of all pushes; their mean is 0. Disturbances of both sides of a
// pair cancel out.
func (p *pair) variance(old, add []float64) (variance, freedom float64) {
	if p.isPaired {
		both := make([]float64, max(len(old), len(add)))
		for i := range both {
			if i < len(old) {
				both[i] += old[i]
			}
			if i < len(add) {
				both[i] += add[i]
			}
		}
		return sumVariance(both)
	}
	oldVariance, oldFreedom := sumVariance(old)
	newVariance, newFreedom := sumVariance(add)
	if oldFreedom == 0 || newFreedom == 0 {
		return 0, 0
	}
	variance = oldVariance + newVariance
	return variance, variance * variance / (oldVariance*oldVariance/oldFreedom + newVariance*newVariance/newFreedom) // Welch, Satterthwaite
}

// sumVariance estimates the variance of the sum of values with mean 0.
func sumVariance(all []float64) (variance, freedom float64) {
	if len(all) < 2 {
		return 0, 0
	}
	for _, v := range all {
		variance += v * v
	}
	n := float64(len(all))
	return variance * n / (n - 1), n - 1
}

// joined adds up neighbours, two by two.
func joined(all []float64) (half []float64) {
	for i := 0; i < len(all); i += 2 {
		half = append(half, all[i])
		if i+1 < len(all) {
			half[i/2] += all[i+1]
		}
	}
	return half
}
