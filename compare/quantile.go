package compare

import "math"

// quantile compares a quantile.
type quantile struct {
	p        float64
	old, new *distribution
	spread   spread
}

func newQuantile(both *pair, old, add *distribution, p float64) *quantile {
	q := &quantile{p: p, old: old, new: add, spread: none()}
	oldAt, hasOld := q.old.at(p * q.old.total)
	newAt, hasNew := q.new.at(p * q.new.total)
	if !hasOld || !hasNew {
		return q
	}
	oldSlope, newSlope := q.old.slope(p), q.new.slope(p)
	independent := p * (1 - p) * (oldSlope*oldSlope/q.old.total + newSlope*newSlope/q.new.total)
	q.spread = both.spreadOf(independent, func(s *Slice, isNew bool) float64 {
		if isNew {
			return -newSlope / q.new.total * (s.below(newAt) - p*float64(s.Total()))
		}
		return oldSlope / q.old.total * (s.below(oldAt) - p*float64(s.Total()))
	})
	return q
}

// slope returns by how much the logarithm of the quantile grows with its probability.
func (d *distribution) slope(p float64) float64 {
	low, high := d.around(p, 1, 1)
	at, width := d.log(p*d.total), 2*math.Sqrt(p*(1-p)/d.total)
	switch {
	case !math.IsInf(low, 0) && !math.IsInf(high, 0):
		return (high - low) / width
	case !math.IsInf(low, 0):
		return (at - low) / (width / 2)
	case !math.IsInf(high, 0):
		return (high - at) / (width / 2)
	}
	return 0
}

// around returns the latencies around the quantile p, as logarithms. Their ranks are the bounds of
// the interval of a binomial variable (Woodruff) with a deviation factor times as large. The term of
// Cornish and Fisher for the skewness makes them good in the tail too.
func (d *distribution) around(p, critical, factor float64) (low, high float64) {
	mean, deviation := d.total*p, factor*math.Sqrt(d.total*p*(1-p))
	skew := factor * factor * (1 - 2*p) * (critical*critical - 1) / 6
	return d.log(mean - critical*deviation + skew), d.log(mean + critical*deviation + skew)
}

func (q *quantile) estimate() float64 {
	return q.new.log(q.p*q.new.total) - q.old.log(q.p*q.old.total)
}

func (q *quantile) interval(critical float64) (low, high float64) {
	oldLow, oldHigh := q.old.around(q.p, critical, q.spread.factor)
	newLow, newHigh := q.new.around(q.p, critical, q.spread.factor)
	return combine(q.old.log(q.p*q.old.total), oldLow, oldHigh, q.new.log(q.p*q.new.total), newLow, newHigh)
}

func (q *quantile) freedom() float64 { return q.spread.freedom }

func (q *quantile) least(critical float64) float64 {
	z := critical * q.spread.factor
	return z * z * max(q.p/(1-q.p), (1-q.p)/q.p)
}
