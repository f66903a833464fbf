package compare

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Verdict says how the new version compares with the old one.
type Verdict string

// The verdicts.
const (
	Better     Verdict = "better"
	Same       Verdict = "same"
	Worse      Verdict = "worse"
	CannotTell Verdict = "cannot tell"
)

// Result is the result of a comparison.
type Result struct {
	Margin    float64
	MinChange time.Duration
	// Old and New are the requests of each side, OldFailed and NewFailed the failed ones of them.
	Old, New, OldFailed, NewFailed uint64
	Rows                           []Row
	Verdict                        Verdict
	// Needed is about how many requests on each side would decide if Verdict is [CannotTell]; 0 if
	// unknown.
	Needed uint64
}

// Row is the result of the comparison by one measure.
type Row struct {
	// Quantile is from 0 to 1; 0 for the share of failures.
	Quantile float64
	// Old and New are in seconds, or shares. A latency is infinite if so many requests failed that the
	// quantile is a failure, and NaN without any request.
	Old, New float64
	// Change is New relative to Old minus 1, or for shares the difference. Low and High are the bounds
	// of its interval. They may be infinite, and Change is NaN if neither side has a value.
	Change, Low, High float64
	// Level is the confidence of the interval.
	Level   float64
	Verdict Verdict
	Needed  uint64
}

// IsErrors reports whether the row is about the share of failures.
func (r *Row) IsErrors() bool { return r.Quantile == 0 }

// Name returns p50, or error_rate.
func (r *Row) Name() string {
	if r.IsErrors() {
		return "error_rate"
	}
	return NameOf(r.Quantile)
}

// IsLess reports whether the latency changed by less than d. It is false for a share of failures.
func (r *Row) IsLess(d time.Duration) bool {
	return !r.IsErrors() && math.Abs(r.New-r.Old) < d.Seconds()
}

// NameOf returns the name of a quantile, such as p99.9 for 0.999.
func NameOf(quantile float64) string {
	return "p" + strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.3f", 100*quantile), "0"), ".")
}
