package rules

import (
	"fmt"
	"strings"
	"time"
)

// paged is how long before the end of a certificate the page is sent.
const paged = 3 * 24 * time.Hour

// targetAlerts returns the alerts on targets besides failures.
func (s Settings) targetAlerts() []Rule {
	const day = 24 * time.Hour
	return []Rule{
		s.requestAlert(),
		s.journeyAlert(),
		s.latencyAlert(),
		s.certificateAlert(14*day, ticket),
		s.certificateAlert(paged, page),
		s.stalledAlert(),
		s.droppedAlert(),
		s.queueAlert(),
		s.overrunAlert(),
	}
}

// requestAlert is the alert on single requests of a mix and steps of a journey. It finds a request that always fails,
// even one in a thousand. If the whole target fails, the alert on the target names the requests instead.
func (s Settings) requestAlert() Rule {
	return s.rule(alert{
		name:     "ProberRequestFails",
		severity: ticket,
		scope:    scopeTarget,
		lasting:  5 * time.Minute,
		lingers:  window,
		expr: s.ofRequest(expr(`
			sum by (job, location, target, request) (rate(prober_requests_total{request!="",$failed}[$w]))
			  / sum by (job, location, target, request) (rate(prober_requests_total{request!="",error_code!~"100[1-7]"}[$w]))
			  > on (job, location, target) group_left () (1 - job_location_target:prober_objective:ratio)
			and
			sum by (job, location, target, request) (increase(prober_requests_total{request!="",$failed}[$w])) >= $fewest
			and
			sum by (job, location, target, request) (rate(prober_requests_total{request!="",$failed}[$now])) > 0
			unless on (job, location, target) prober_journeys_in_flight`,
			"failed", failed, "w", s.span(window), "now", s.span(short), "fewest", number(fewest))),
		summary: "{{ $labels.target }} fails at the request {{ $labels.request }}" + from,
		description: "{{ $value | humanizePercentage }} of the requests {{ $labels.request }} to {{ $labels.target }}" + from + " failed in the last " + name(window) +
			", more than its objective allows, and some fail now. The commonest codes:" + s.codes(failed, window, "job", "target", "request") + ".",
		dashboard: targetDashboard,
		variables: []string{"job", "target"},
	})
}

// journeyAlert is the alert on steps that end journeys early. The step is in the label request, as in the other alerts
// on steps.
func (s Settings) journeyAlert() Rule {
	const ended = `sum by (job, location, target, request) (label_replace(%s(prober_journeys_total{result="failure"}[%s]), "request", "$1", "step", "(.+)"))`
	return s.rule(alert{
		name:     "ProberJourneysFail",
		severity: ticket,
		scope:    scopeTarget,
		lasting:  5 * time.Minute,
		lingers:  window,
		expr: s.ofRequest(
			fmt.Sprintf(ended, "rate", s.span(window)) + "\n" + expr(`
				  / on (job, location, target) group_left () sum by (job, location, target) (rate(prober_journeys_total{result!="interrupted"}[$w]))
				  > on (job, location, target) group_left () (1 - job_location_target:prober_objective:ratio)
				and
				`, "w", s.span(window)) + fmt.Sprintf(ended, "increase", s.span(window)) + " >= " + number(fewest) + "\nand\n" +
				fmt.Sprintf(ended, "rate", s.span(short)) + " > 0"),
		summary: "Journeys of {{ $labels.target }} fail at the step {{ $labels.request }}" + from,
		description: "{{ $value | humanizePercentage }} of the journeys of {{ $labels.target }}" + from + " ended at the step {{ $labels.request }} in the last " + name(window) +
			", more than its objective allows, and some fail now. The commonest codes:" + s.codes(failed, window, "job", "target", "request") + ".",
		dashboard: targetDashboard,
		variables: []string{"job", "target"},
	})
}

func (s Settings) latencyAlert() Rule {
	return s.rule(alert{
		name:     "ProberLatencyObjectiveMissed",
		severity: ticket,
		scope:    scopeTarget,
		lasting:  10 * time.Minute,
		lingers:  10 * time.Minute,
		expr: s.ofWell(expr(`
			$latency > job_location_target:prober_latency_objective:seconds
			and
			last_over_time($now[$w]) > job_location_target:prober_latency_objective:seconds
			and
			sum by (job, location, target) (increase(prober_requests_total{error_code="0"}[$w])) >= $fewest`,
			"latency", latencyRecord(window), "now", latencyRecord(short), "w", s.span(window), "fewest", number(fewestAnswers))),
		summary: "{{ $labels.target }} is slower than its objective" + from,
		description: "One successful request in twenty to {{ $labels.target }}" + from + " took {{ $value | humanizeDuration }} or longer in the last " + name(window) +
			", and takes longer than its objective now." +
			" The longest phases on average:" + s.phases() + "." + s.slowest(),
		dashboard: targetDashboard,
		variables: []string{"job", "target"},
	})
}

// phases is a template for the names of the two longest phases.
func (s Settings) phases() string {
	promql := expr("topk(2,"+
		" histogram_sum(sum by (phase) (rate($metric{$t}[$w]))) / histogram_count(sum by (phase) (rate($metric{$t}[$w])))"+
		" or sum by (phase) (rate($metric_sum{$t}[$w])) / sum by (phase) (rate($metric_count{$t}[$w])))",
		"metric", "prober_request_phase_duration_seconds", "t", "job=%[1]q,target=%[2]q", "w", s.span(window))
	return "{{ range printf `" + promql + "` $labels.job $labels.target | query }}" +
		" {{ .Labels.phase }} {{ .Value | humanizeDuration }}{{ end }}"
}

// slowest is a template for the two requests with the highest latency, if they have names.
func (s Settings) slowest() string {
	promql := expr("topk(2, ("+
		" histogram_quantile($q, sum by (request) (rate($metric{$t}[$w])))"+
		" or histogram_quantile($q, sum by (request, le) (rate($metric_bucket{$t}[$w])))) > 0)",
		"metric", "prober_request_duration_seconds", "t", `job=%[1]q,target=%[2]q,request!="",error_code="0"`,
		"q", number(quantile), "w", s.span(window))
	return "{{ with printf `" + promql + "` $labels.job $labels.target | query }} The slowest requests:" +
		"{{ range . }} {{ .Labels.request }} {{ .Value | humanizeDuration }}{{ end }}.{{ end }}"
}

// certificateAlert is the alert on certificates that somebody checks. It leaves out a server whose certificates are not
// verified. A target that fails for its certificate already has an alert. The ticket gives way to the page, but goes on
// once it was sent.
func (s Settings) certificateAlert(left time.Duration, severity string) Rule {
	const ends = `
		min by (job, target) (
		    prober_tls_certificate_not_after_timestamp_seconds{role="client"}
		  or (
		    prober_tls_certificate_not_after_timestamp_seconds{role="earliest"}
		    unless on (job, location, instance, target) prober_tls_unverified == 1
		  )
		) - time() < `
	condition := expr(ends + number(left.Seconds()))
	if severity == ticket {
		condition += "\n" + unlessTold("ProberCertificateExpires", severity, byTarget, expr(ends+number(paged.Seconds())))
	}
	return s.rule(alert{
		name:     "ProberCertificateExpires",
		severity: severity,
		scope:    scopeTarget,
		labels:   map[string]string{"window": name(left)},
		lasting:  5 * time.Minute,
		expr: onTarget(inParentheses(condition) + "\n" +
			unlessTold("ProberCertificateExpires", severity, byTarget, "last_over_time("+failing+"["+s.span(recently)+"])")),
		summary: "A certificate of {{ $labels.target }} {{ if lt $value 0.0 }}has ended{{ else }}ends in {{ $value | humanizeDuration }}{{ end }}",
		description: "The certificates of {{ $labels.target }}. earliest is the certificate in the server's chain that ends first, and client is the certificate of the prober:" +
			certificates("x - time()", "ends in") + certificates("time() - x", "ended") + ".",
		dashboard: targetDashboard,
		variables: []string{"job", "target"},
	})
}

// certificates is a template for the certificates with a positive difference of times.
func certificates(difference, words string) string {
	promql := strings.Replace(difference, "x", `min by (role) (prober_tls_certificate_not_after_timestamp_seconds{job=%q,target=%q,role=~\"earliest|client\"})`, 1)
	ago := ""
	if words == "ended" {
		ago = " ago"
	}
	return "{{ range printf `sort((" + strings.ReplaceAll(promql, `\"`, `"`) + ") > 0)` $labels.job $labels.target | query }} {{ .Labels.role }} " +
		words + " {{ .Value | humanizeDuration }}" + ago + "{{ end }}"
}

// stalledAlert compares times of the prober with the times of its scrapes. So neither the interval between scrapes nor
// a failed scrape adds to the age.
func (s Settings) stalledAlert() Rule {
	return s.rule(alert{
		name:     "ProberBurstsStalled",
		severity: page,
		scope:    scopeProber,
		lasting:  5 * time.Minute,
		expr: ofTargetAt(expr(`
			(
			    timestamp(prober_burst_last_start_timestamp_seconds) - prober_burst_last_start_timestamp_seconds
			    and prober_burst_last_start_timestamp_seconds > 0
			  or
			    timestamp(prober_burst_last_start_timestamp_seconds)
			      - on (job, location, instance) group_left () prober_config_last_reload_success_timestamp_seconds
			    and prober_burst_last_start_timestamp_seconds == 0
			)
			> clamp_min(5 * prober_burst_interval_seconds, $least)`, "least", s.seconds(time.Minute))),
		summary: "No burst to {{ $labels.target }} starts any more",
		description: "{{ $labels.instance }} started its last burst to {{ $labels.target }} {{ $value | humanizeDuration }} ago, more than five intervals." +
			" Other alerts about this target rely on old data.",
		dashboard: targetDashboard,
		variables: []string{"job", "instance", "target"},
	})
}

func (s Settings) droppedAlert() Rule {
	return s.rule(alert{
		name:     "ProberLoadDropped",
		severity: ticket,
		scope:    scopeTarget,
		lasting:  5 * time.Minute,
		lingers:  10 * time.Minute,
		expr: s.ofWell(expr(`
			sum by (job, location, target) (rate(prober_requests_dropped_total{reason=~"timeout|no_worker|limit_.*"}[$w]))
			  / $arrivals
			  > 0.01
			and
			sum by (job, location, target) (rate(prober_requests_dropped_total{reason=~"timeout|no_worker|limit_.*"}[$now])) > 0`,
			"arrivals", arrivals("rate(prober_requests_scheduled_total["+s.span(window)+"])"), "w", s.span(window), "now", s.span(short))),
		summary: "Requests to {{ $labels.target }} are dropped before they are sent" + from,
		description: "{{ $value | humanizePercentage }} of the {{ with printf `prober_journeys_in_flight{job=%q,target=%q}` $labels.job $labels.target | query }}journeys{{ else }}requests{{ end }} that were due to {{ $labels.target }} within " + name(window) + " were never sent. The reasons:" +
			"{{ range printf `sort_desc(sum by (reason) (increase(prober_requests_dropped_total{job=%q,target=%q,reason=~\"timeout|no_worker|limit_.*\"}[" + s.span(window) + "])) > 0)`" +
			" $labels.job $labels.target | query }} {{ .Labels.reason }} ({{ printf \"%.0f\" .Value }} requests){{ end }}." + cure(),
		dashboard: targetDashboard,
		variables: []string{"job", "target"},
	})
}

// queueAlert is the alert on time-outs of the prober's own: code 1006.
func (s Settings) queueAlert() Rule {
	return s.rule(alert{
		name:     "ProberQueueTimeouts",
		severity: ticket,
		scope:    scopeTarget,
		lasting:  5 * time.Minute,
		lingers:  10 * time.Minute,
		expr: s.ofWell(expr(`
			sum by (job, location, target) (increase(prober_requests_total{error_code="1006"}[$w]))
			  > 0.01 * $arrivals
			and
			sum by (job, location, target) (rate(prober_requests_total{error_code="1006"}[$now])) > 0`,
			"arrivals", arrivals("increase(prober_requests_total["+s.span(window)+"])"), "w", s.span(window), "now", s.span(short))),
		summary:     "Requests to {{ $labels.target }} wait for the prober until their time runs out",
		description: "{{ printf \"%.0f\" $value }} requests to {{ $labels.target }} within " + name(window) + " spent most of their time waiting for a worker of the prober, and then timed out (1006). That is not a failure of the target." + cure(),
		dashboard:   targetDashboard,
		variables:   []string{"job", "target"},
	})
}

// cure is a template for the number of workers that the last burst needed, if it had fewer.
func cure() string {
	number := func(query, format string) string {
		return "{{ range printf `max(" + query + "{job=%[1]q,target=%[2]q})` $labels.job $labels.target | query }}{{ " + format + " .Value }}{{ end }}"
	}
	const short = "max(prober_burst_workers_needed{job=%[1]q,target=%[2]q} > prober_burst_workers{job=%[1]q,target=%[2]q})"
	return "{{ range printf `" + short + "` $labels.job $labels.target | query }} The last burst: " +
		number("prober_burst_requests_per_second", `printf "%.4g"`) + "/s × " + number("prober_burst_answer_seconds", `printf "%.2f"`) +
		" s needs {{ printf \"%.0f\" .Value }} workers, has " + number("prober_burst_workers", `printf "%.0f"`) + ".{{ end }}"
}

// overrunAlert is the alert on targets with bursts longer than the interval, again and again.
func (s Settings) overrunAlert() Rule {
	return s.rule(alert{
		name:     "ProberBurstsOverrun",
		severity: ticket,
		scope:    scopeTarget,
		lasting:  15 * time.Minute,
		lingers:  10 * time.Minute,
		expr: s.ofWell(expr(`
			sum by (job, location, target) (increase(prober_bursts_skipped_total{reason="overrun"}[$w]))
			  > 0.5 * sum by (job, location, target) (increase(prober_bursts_total[$w]))
			and
			sum by (job, location, target) (rate(prober_bursts_skipped_total{reason="overrun"}[$now])) > 0`, "w", s.span(window), "now", s.span(short))),
		summary:     "Bursts of {{ $labels.target }} take longer than its interval",
		description: "{{ printf \"%.0f\" $value }} slots of {{ $labels.target }} passed within " + name(window) + " without a burst, because the burst before was still running. Its load is lower than configured.",
		dashboard:   targetDashboard,
		variables:   []string{"job", "target"},
	})
}
