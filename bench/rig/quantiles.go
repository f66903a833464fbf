package rig

import (
	"math"
	"slices"
	"time"
)

// Quantiles describe a distribution of durations.
type Quantiles struct {
	P50, P90, P99, P999, Max time.Duration
}

// QuantilesOf returns the quantiles of values: the smallest value with at least the given share of all values at or
// below it.
func QuantilesOf(values []time.Duration) Quantiles {
	if len(values) == 0 {
		return Quantiles{}
	}
	sorted := slices.Sorted(slices.Values(values))
	at := func(q float64) time.Duration {
		return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
	}
	return Quantiles{P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Max: sorted[len(sorted)-1]}
}

// Rounds are the values of one figure in the rounds of a run, in their order.
type Rounds []float64

// Median returns the middle value, NaN if there is none.
func (r Rounds) Median() float64 {
	if len(r) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(r))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Over returns the ratio to other, round by round.
func (r Rounds) Over(other Rounds) Rounds {
	ratios := make(Rounds, min(len(r), len(other)))
	for i := range ratios {
		ratios[i] = r[i] / other[i]
	}
	return ratios
}
