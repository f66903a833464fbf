package rules

import (
	"strings"
	"time"
)

// The series of the targets that fail now. A target is in at most one of the sets of everywhere and from.
const (
	failingPage    = "job_location_target:prober_failing:page"
	failingTicket  = "job_location_target:prober_failing:ticket"
	failing        = "job_location_target:prober_failing:ratio"
	failingCode    = "job_target_code:prober_failing:info"
	targetHost     = "job_target_host:prober_target:info"
	everywherePage = "job_target_code_host:prober_failing_everywhere:page"
	everywhere     = "job_target_code_host:prober_failing_everywhere:ticket"
	fromLocation   = "job_location_target:prober_failing_from:ratio"
)

// failingGroup returns the rules for targets that fail now: their location, their code, and which of them fail alike.
// It also has the alerts on them. The value is the share of failures in the short window, so it shows the present.
//
// All alerts on failures read these series. If one alert covers a target, the series leave it out of the others.
// Inhibition in Alertmanager cannot do this as well: if an alert ends while it is inhibited, Alertmanager never sends
// its end.
func (s Settings) failingGroup() Group {
	rules := []Rule{
		{Record: failingPage, Expr: s.pageOfLocation()},
		{Record: failingTicket, Expr: s.ticketOfLocation()},
		{Record: failing, Expr: failingPage + " or " + failingTicket},
		{Record: failingCode, Expr: s.commonestCode()},
		{Record: targetHost, Expr: hosts()},
		{Record: everywherePage, Expr: withCodeAndHost(atAllLocations(failingPage))},
		{Record: everywhere, Expr: withCodeAndHost(expr(`
			$all
			unless on (job, target) last_over_time($page[$w])`,
			"all", inParentheses(atAllLocations(failing)), "page", everywherePage, "w", s.span(recently)))},
		{Record: fromLocation, Expr: expr(`
			$failing
			unless on (job, target) $everywhere
			unless on (job, target) last_over_time($page[$w])`,
			"failing", failing, "everywhere", everywhere, "page", everywherePage, "w", s.span(recently))},
	}
	for _, set := range sets() {
		rules = append(rules, set.groupings()...)
	}
	rules = append(rules, s.failingAlerts()...)
	return Group{Name: "prober-failing", Interval: s.span(s.every()), Rules: rules}
}

// pageOfLocation is true of a target if its last inARow requests all failed, or if it uses up its budget at the speed
// of a page.
func (s Settings) pageOfLocation() string {
	return expr(`
		(
		  clamp_max(min by (job, location, target) (prober_requests_failed_in_a_row) >= $row, 1)
		  or
		  $burning
		)
		and
		max by (job, location, target) (max_over_time(prober_target_failing_since_timestamp_seconds[$w])) > 0
		`+unlessMaintained,
		"row", number(inARow), "burning", indented(s.burning(page)), "w", s.span(holdsPage))
}

// ticketOfLocation leaves out targets with a page a moment ago, as the long windows remember its failures for days.
func (s Settings) ticketOfLocation() string {
	return expr(`
		(
		  $burning
		)
		and
		max by (job, location, target) (max_over_time(prober_target_failing_since_timestamp_seconds[$w])) > 0
		unless last_over_time($page[$recently])`,
		"burning", indented(s.burning(ticket)), "w", s.span(short), // some bursts have no failure
		"page", failingPage, "recently", s.span(recently))
}

// commonestCode has 1 for the commonest code of each failing target. A code without a rate yet, as it is new, counts
// too. If bursts are rare, the code of the last burst counts.
func (s Settings) commonestCode() string {
	return expr(`
		group by (job, target, error_code) (
		    topk by (job, target) (1, sum by (job, target, error_code) (rate(prober_requests_total{$failed}[$w])) > 0)
		  or on (job, target)
		    topk by (job, target) (1,
		      count by (job, target, error_code) (prober_requests_total{$failed})
		      unless count by (job, target, error_code) (prober_requests_total{$failed} offset $w)
		    )
		  or on (job, target)
		    topk by (job, target) (1, last_over_time($code[$day]))
		  or on (job, target)
		    $failing
		)
		and on (job, target) $failing`,
		"failing", failing, "failed", failed, "code", failingCode, "w", s.span(short), "day", s.span(24*time.Hour))
}

// hosts has 1 for the host in the URL of each target.
func hosts() string {
	return `topk by (job, target) (1, max by (job, target, host) (` +
		`label_replace(prober_target_info, "host", "$1", "url", "[^:]+://(\\[[^]]+\\]|[^/:?#]+).*")))`
}

// atAllLocations selects the targets that fail from all their locations.
func atAllLocations(set string) string {
	return expr(`
		max by (job, target) ($set)
		and
		count by (job, target) ($set) == count by (job, target) (job_location_target:prober_objective:ratio)`, "set", set)
}

func withCodeAndHost(set string) string {
	return inParentheses(set) + "\n" + expr(`
		* on (job, target) group_left (error_code) $code
		* on (job, target) group_left (host) $host`, "code", failingCode, "host", targetHost)
}

// indented indents all lines of text after the first.
func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }
