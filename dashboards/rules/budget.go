package rules

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// burn is a speed at which the error budget is used up: so many times as fast as
// would use it up exactly. The long window says that it matters, the short one
// that it still goes on.
type burn struct {
	factor      float64
	long, short time.Duration
	lasting     time.Duration
	severity    string
}

// burns returns the speeds at which 30 days' budget would last for 2, 5, 10 and 30
// days.
func burns() []burn {
	const day = 24 * time.Hour
	return []burn{
		{14.4, time.Hour, short, 2 * time.Minute, page},
		{6, 6 * time.Hour, 30 * time.Minute, 15 * time.Minute, page},
		{3, day, 2 * time.Hour, time.Hour, ticket},
		{1, 3 * day, 6 * time.Hour, 3 * time.Hour, ticket},
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

// burnAlerts look back for the ratio of the short window: where bursts are rarer
// than that, it is the one around the last burst.
func (s Settings) burnAlerts() []Rule {
	var rules []Rule
	for _, b := range burns() {
		rules = append(rules, s.rule(alert{
			name:     "ProberErrorBudgetBurn",
			severity: b.severity,
			scope:    scopeTarget,
			labels:   map[string]string{"window": name(b.long)},
			lasting:  b.lasting,
			expr: ofTarget(expr(`
				$long > $factor * (1 - job_target:prober_objective:ratio)
				and
				last_over_time($short[$w]) > $factor * (1 - job_target:prober_objective:ratio)
				and
				$count >= $fewest`,
				"long", failureRatio(b.long), "short", failureRatio(b.short), "w", s.span(b.long), "count", failureCount(b.long),
				"factor", number(b.factor), "fewest", number(fewest))),
			summary: "{{ $labels.target }} fails too often: 30 days' error budget lasts " + fmt.Sprintf("%.0f days or less", 30/b.factor),
			description: "{{ $value | humanizePercentage }} of the requests to {{ $labels.target }} failed within " + name(b.long) +
				". The commonest codes of the last " + name(max(b.short, time.Hour)) + ":" +
				s.codes(failed, max(b.short, time.Hour), "job", "target") + ".",
			dashboard: targetDashboard,
			variables: []string{"job", "target"},
		}))
	}
	return rules
}
