package compare

import (
	"math"
	"time"
)

const (
	// DefaultMargin is by how much a latency may differ and still count as the same.
	DefaultMargin = 0.1
	// errorMargin is by how much a share of failures may differ.
	errorMargin = 0.01
	// alarms is how often two equal versions may get another verdict than [Same].
	alarms = 0.05
	// escapes is how often two versions that differ by the margin may count as the same.
	escapes = 0.05
)

// Options says how to compare.
type Options struct {
	// Margin is by how much a latency may differ and still count as the same, as a share of the old
	// one.
	Margin float64
	// MinChange is the least change of a latency that counts: smaller changes count as the same,
	// however large a share of the old latency they are.
	MinChange time.Duration
	// Paired means that the slices of both sides are of the same times, one by one.
	Paired bool
}

// Quantiles returns the compared quantiles.
func Quantiles() []float64 { return []float64{0.5, 0.9, 0.99} }

// weights returns the weights of the quantiles, and of the share of failures. A quantile in the tail
// has the fewest requests to decide by, so it gets the largest share of the chance of a false alarm.
func weights() []float64 { return []float64{0.15, 0.2, 0.5, 0.15} }

// Compare compares two versions.
func Compare(old, add *Sample, o Options) *Result {
	r := &Result{Margin: o.Margin, MinChange: o.MinChange, Old: old.Total(), New: add.Total(), OldFailed: old.Failed(), NewFailed: add.Failed(), Verdict: CannotTell}
	if r.Old == 0 || r.New == 0 {
		return r
	}
	tests := testsOf(&pair{old: old, new: add, isPaired: o.Paired}, o)
	setLevels(tests)
	for _, t := range tests {
		t.judge(float64(min(r.Old, r.New)))
		r.Rows = append(r.Rows, t.row)
	}
	r.Verdict, r.Needed = sumUp(r.Rows)
	return r
}

// testsOf returns a test for each quantile and one for the share of failures.
func testsOf(both *pair, o Options) (tests []*test) {
	old, add := distributionOf(both.old), distributionOf(both.new)
	for i, p := range Quantiles() {
		q := newQuantile(both, old, add, p)
		row := Row{Quantile: p, Old: math.Exp(old.log(p * old.total)), New: math.Exp(add.log(p * add.total))}
		margin := o.marginOf(min(row.Old, row.New))
		tests = append(tests, &test{
			measure: q, margin: margin, clearBeyond: margin, weight: weights()[i], isPossible: !math.IsNaN(q.estimate()), row: row,
		})
	}
	f := newFailures(both)
	return append(tests, &test{
		measure: f, margin: errorMargin, weight: weights()[len(tests)], isPossible: f.old+f.new > 0,
		row: Row{Old: f.old, New: f.new},
	})
}

// marginOf returns by how much the logarithm of a latency may differ and still count as the same.
// faster is the latency of the faster side in seconds.
func (o Options) marginOf(faster float64) float64 {
	share := o.Margin
	if faster > 0 {
		share = max(share, o.MinChange.Seconds()/faster)
	}
	return math.Log1p(share)
}

// judge fills in the row. n is how many requests the smaller side has.
func (t *test) judge(n float64) {
	d, r := t.estimate(), &t.row
	low, high := t.interval(critical(t.level, t.freedom()))
	sameLow, sameHigh := t.interval(critical(2*escapes, t.freedom())) // two one-sided tests
	switch {
	case math.IsNaN(d):
		r.Verdict = CannotTell
	case low > 0 && d > t.clearBeyond:
		r.Verdict = Worse
	case high < 0 && d < -t.clearBeyond:
		r.Verdict = Better
	case sameLow >= -t.margin && sameHigh <= t.margin:
		r.Verdict = Same
	default:
		r.Verdict, r.Needed = CannotTell, t.needed(n, d, sameLow, sameHigh)
	}
	r.Level, r.Change, r.Low, r.High = 1-t.level, d, low, high
	if !r.IsErrors() {
		r.Change, r.Low, r.High = math.Expm1(d), math.Expm1(low), math.Expm1(high)
	}
}

// needed returns how many requests make the interval half as wide as the margin. Then the interval
// either lies within the margin or, unless the difference is just that large, leaves 0 out.
func (t *test) needed(n, d, low, high float64) uint64 {
	const more = 4 // than the least number for a bounded interval
	half := max(d-low, high-d)
	if math.IsInf(half, 1) {
		half = min(d-low, high-d)
	}
	if math.IsInf(half, 0) || math.IsNaN(half) {
		return roundUp(more * max(t.least(critical(t.level, t.freedom())), n))
	}
	ratio := max(half/(t.margin/2), 1)
	return roundUp(max(n*ratio*ratio, t.least(critical(t.level, t.freedom()))))
}

// mostNeeded is a number of requests beyond any use.
const mostNeeded = 1e12

// roundUp returns n rounded up to two digits, or 0 from mostNeeded on.
func roundUp(n float64) uint64 {
	if !(n < mostNeeded) {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(n))-1)
	return uint64(math.Ceil(n/unit) * unit)
}

// sumUp makes one verdict of the verdicts of the rows, and returns the need of the most demanding row.
// A quantile among the failures of both sides says nothing: the row of failures does.
func sumUp(rows []Row) (v Verdict, most uint64) {
	count := map[Verdict]int{}
	isKnown := true
	for i := range rows {
		if r := &rows[i]; !math.IsNaN(r.Change) {
			count[r.Verdict]++
			most = max(most, r.Needed)
			isKnown = isKnown && (r.Verdict != CannotTell || r.Needed > 0)
		}
	}
	switch {
	case count[Worse] > 0:
		return Worse, 0
	case count[Better] > 0:
		return Better, 0
	case count[CannotTell] == 0:
		return Same, 0
	case !isKnown:
		return CannotTell, 0
	}
	return CannotTell, most
}
