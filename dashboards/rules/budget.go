package rules

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// burn is a speed at which the error budget is used up: so many times as fast as
// would use it up exactly. The long window says that it matters, the short one
// that it still goes on.
type burn struct {
	factor      float64
	long, short time.Duration
	severity    string
}

// burns returns the speeds at which 30 days' budget would last for 2, 5, 10 and 30
// days, and the lowest one once more over an hour.
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

// windows returns those of all burns that are longer than the rates they are
// summed up from, ascending.
func windows() []time.Duration {
	set := map[time.Duration]bool{}
	for _, b := range burns() {
		set[b.long], set[b.short] = true, true
	}
	delete(set, short)
	return slices.Sorted(maps.Keys(set))
}

// burning is the condition that a target uses up its budget at one of the speeds of the
// severity. The failures are compared with the requests of the whole long window, so that a
// target with a short history is judged as one with a long history. The short window is the
// one around the last burst, where bursts are rarer than that.
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
