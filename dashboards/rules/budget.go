package rules

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// burn is a speed of using up the error budget: factor times the speed at which the budget lasts exactly 30 days. The
// long window shows whether the failures matter, and the short one whether they still go on.
type burn struct {
	factor      float64
	long, short time.Duration
	severity    string
}

// burns returns the speeds at which 30 days' budget would last for 2, 5, 10 and 30 days. The lowest speed comes once
// more, over an hour.
func burns() []burn {
	const day = 24 * time.Hour
	return []burn{
		{14.4, time.Hour, short, page},
		{6, 6 * time.Hour, short, page},
		{1, time.Hour, window, ticket},
		{3, day, window, ticket},
		{1, 3 * day, window, ticket},
	}
}

// windows returns the windows of all burns, ascending. It leaves out short, the window of the rates behind the sums.
func windows() []time.Duration {
	set := map[time.Duration]bool{}
	for _, b := range burns() {
		set[b.long], set[b.short] = true, true
	}
	delete(set, short)
	return slices.Sorted(maps.Keys(set))
}

// burning is true of a target that uses up its budget at one of the speeds of the severity. It compares the failures
// with the requests of the whole long window, so a short history counts like a long one. If bursts are rarer than the
// short window, the window around the last burst counts.
func (s Settings) burning(severity string) string {
	var conditions []string
	for _, b := range burns() {
		if b.severity != severity {
			continue
		}
		conditions = append(conditions, expr(`
			last_over_time($short[$w]) > $factor * (1 - job_location_target:prober_objective:ratio)
			and
			$share > $factor * (1 - job_location_target:prober_objective:ratio)
			and
			$count >= $fewest`,
			"short", failureRatio(b.short), "w", s.span(b.long), "share", failureShare(b.long),
			"count", failureCount(b.long), "factor", number(b.factor), "fewest", number(fewest)))
	}
	return strings.Join(conditions, "\nor\n")
}
