package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// short is the window of the basic rates. The longer ones are sums of these. It is also how far Prometheus looks back
	// for a sample.
	short = 5 * time.Minute
	// seldom is the interval of the rules with the longest windows, as these read the most samples.
	seldom = 2 * time.Minute
)

// recording returns the groups with the objectives and with the rates over every window. A window of days over the
// counters themselves would read each sample of each code. A window over the basic rates reads two series of a target.
// Both the failures and the requests are sums, so their ratio is a ratio of requests, whatever the size of the bursts.
func (s Settings) recording() []Group {
	long := Group{Name: "prober-ratios-of-days", Interval: s.span(seldom)}
	ratios := Group{Name: "prober-ratios", Interval: s.span(s.every()), Rules: []Rule{
		{Record: "job_location_target:prober_requests:rate5m", Expr: expr(`
			sum by (job, location, target) (rate(prober_requests_total{error_code!~"100[1-7]"}[$w]))
			`+unlessMaintained, "w", s.span(short))},
		{Record: "job_location_target:prober_failures:rate5m", Expr: expr(`
			sum by (job, location, target) (rate(prober_requests_total{error_code!~"0|100[1-7]"}[$w]))
			`+unlessMaintained, "w", s.span(short))},
		{Record: failureRatio(short), Expr: expr(`
			job_location_target:prober_failures:rate5m
			  / (job_location_target:prober_requests:rate5m > 0)`)},
	}}
	for _, w := range windows() {
		group := &ratios
		if w >= 24*time.Hour {
			group = &long
		}
		group.Rules = append(group.Rules, s.overWindow(w)...)
	}
	ratios.Rules = append(ratios.Rules, s.latency(short), s.latency(window))
	return []Group{{Name: "prober-objectives", Interval: s.span(s.every()), Rules: s.objectives()}, ratios, long}
}

// maintained has the targets under maintenance, now or within the window of the rates: the rates still contain failures
// of that time.
const (
	maintained       = "job_location_target:prober_target:maintained"
	unlessMaintained = "unless on (job, location, target) " + maintained
)

func (s Settings) maintenance() Rule {
	return Rule{Record: maintained, Expr: expr(`
		max by (job, location, target) (max_over_time(prober_target_maintenance[$w])) > 0`, "w", s.span(short))}
}

// objectives returns the rules for the objectives of all targets. The objective in prober.yml comes first, then the
// first one in the settings that selects the target.
func (s Settings) objectives() []Rule {
	ratios := []string{"max by (job, location, target) (prober_target_objective_ratio)"}
	latencies := []string{"max by (job, location, target) (prober_target_objective_latency_seconds)"}
	for _, o := range s.Objectives {
		info := "max by (job, location, target) (prober_target_info)"
		if o.Targets != "" {
			info = "max by (job, location, target) (prober_target_info{" + o.Targets + "})"
		}
		ratios = append(ratios, number(o.Availability)+" * "+info)
		latencies = append(latencies, number(o.Latency.Seconds())+" * "+info)
	}
	return []Rule{
		{Record: "job_location_target:prober_objective:ratio", Expr: strings.Join(ratios, "\nor ")},
		{Record: "job_location_target:prober_latency_objective:seconds", Expr: strings.Join(latencies, "\nor ")},
		s.maintenance(),
	}
}

// overWindow returns the ratio of failures over a window. If a burn needs them, it also returns the number of failures
// and their share of the requests in a full window.
func (s Settings) overWindow(w time.Duration) []Rule {
	rules := []Rule{{Record: failureRatio(w), Expr: expr(`
		sum_over_time(job_location_target:prober_failures:rate5m[$w])
		  / (sum_over_time(job_location_target:prober_requests:rate5m[$w]) > 0)`, "w", s.span(w))}}
	if slices.ContainsFunc(burns(), func(b burn) bool { return b.long == w }) {
		rules = append(rules, Rule{Record: failureCount(w), Expr: expr(`
			$seconds * sum_over_time(job_location_target:prober_failures:rate5m[$w])`, "seconds", s.seconds(s.every()), "w", s.span(w))},
			Rule{Record: failureShare(w), Expr: expr(`
			sum_over_time(job_location_target:prober_failures:rate5m[$w])
			  / ($evaluations * avg_over_time(job_location_target:prober_requests:rate5m[$w]) > 0)`,
				"evaluations", number(float64(w/s.every())), "w", s.span(w))})
	}
	return rules
}

// latency prefers native buckets to classic ones, as they are finer.
func (s Settings) latency(w time.Duration) Rule {
	return Rule{Record: latencyRecord(w), Expr: expr(`
		  histogram_quantile($q, sum by (job, location, target) (rate(prober_request_duration_seconds{error_code="0"}[$w])))
		or
		  histogram_quantile($q, sum by (job, location, target, le) (rate(prober_request_duration_seconds_bucket{error_code="0"}[$w])))`,
		"q", number(quantile), "w", s.span(w))}
}

func latencyRecord(w time.Duration) string {
	return "job_location_target:prober_request_duration_seconds:p95_rate" + name(w)
}

func failureRatio(w time.Duration) string {
	return fmt.Sprintf("job_location_target:prober_failures:ratio_rate%s", name(w))
}

func failureCount(w time.Duration) string {
	return fmt.Sprintf("job_location_target:prober_failures:increase%s", name(w))
}

// failureShare names the failures of a window as a share of the requests in a full window, however short the history
// is.
func failureShare(w time.Duration) string {
	return fmt.Sprintf("job_location_target:prober_failures:share%s", name(w))
}

// every is the time between two evaluations of the rates and of the failing targets. Sums over the rates count requests
// only with this interval.
func (s Settings) every() time.Duration { return cmp.Or(s.Every, 30*time.Second) }
