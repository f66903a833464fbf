package compare

import (
	"cmp"
	"slices"
)

// test is one measure on the way to its row.
type test struct {
	measure
	margin      float64 // as a difference
	clearBeyond float64 // how far the estimate must lie from 0 to be called worse or better
	isPossible  bool    // whether the data can show a difference at all
	chance      float64 // of a difference at least this clear between two equal versions
	weight      float64 // its share of the chance of a false alarm, relative to all weights
	level       float64 // the greatest chance that counts as small enough
	row         Row
}

// setLevels divides the chance of a false alarm among the tests by the procedure of Holm with
// weights: the clearest difference is tested at its share of the chance. If it is clear enough,
// the others get that share too.
func setLevels(tests []*test) {
	var possible []*test
	left := 0.0
	for _, t := range tests {
		t.level, t.chance = alarms, 1
		if t.isPossible {
			t.chance = chance(last(t.isClear), t.freedom())
			left += t.weight
			possible = append(possible, t)
		}
	}
	slices.SortStableFunc(possible, func(a, b *test) int { return cmp.Compare(a.chance/a.weight, b.chance/b.weight) })
	goesOn := true
	for _, t := range possible {
		t.level = alarms * t.weight / left
		if goesOn = goesOn && t.chance <= t.level; goesOn {
			left -= t.weight
		}
	}
}

// isClear reports whether 0 is outside the interval.
func (t *test) isClear(critical float64) bool {
	low, high := t.interval(critical)
	return low > 0 || high < 0
}
