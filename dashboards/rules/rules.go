package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Group is a group of rules, evaluated one after another.
type Group struct {
	Name     string `yaml:"name"`
	Interval string `yaml:"interval,omitempty"`
	Rules    []Rule `yaml:"rules"`
}

// Rule is a recording rule or an alert.
type Rule struct {
	Record      string            `yaml:"record,omitempty"`
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	KeepFiring  string            `yaml:"keep_firing_for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`

	// after is how long an alert waits before it fires. It waits by For, or in the expression.
	after string
}

// Severities: a page wakes somebody, a ticket waits for working hours.
const (
	page   = "page"
	ticket = "ticket"
)

// Scopes say whether an alert is about a target or about a prober, so the right people hear of it.
const (
	scopeTarget = "target"
	scopeProber = "prober"
)

// The dashboards, by their uids.
const (
	overviewDashboard = "prober-overview"
	targetDashboard   = "prober-target"
	selfDashboard     = "prober-self"
)

// Groups returns all rules. A recording rule comes before its users.
func (s Settings) Groups() []Group {
	return slices.Concat(s.recording(), []Group{
		s.failingGroup(),
		{Name: "prober-targets", Rules: s.targetAlerts()},
		{Name: "prober-itself", Rules: s.proberAlerts()},
	})
}

// alert holds the differences between alerts.
type alert struct {
	name     string
	severity string
	scope    string
	expr     string
	lasting  time.Duration
	// after is how long expr itself waits. lingers is how long the alert goes on after its end.
	after, lingers time.Duration
	// example is a query for the targets of an alert on many, exampleValues the values to print into it, and exampleOn the
	// labels that identify a target. They are empty for an alert on one target.
	example, exampleValues, exampleOn string
	// labels are the labels besides severity and scope.
	labels               map[string]string
	summary, description string
	// dashboard is the uid of a dashboard. variables are its variables to set from labels of the alert.
	dashboard string
	variables []string
}

func (s Settings) rule(a alert) Rule {
	labels := map[string]string{"severity": a.severity, "scope": a.scope}
	for name, value := range a.labels {
		labels[name] = value
	}
	r := Rule{Alert: a.name, Expr: a.expr, Labels: labels, Annotations: map[string]string{
		"summary":       a.summary,
		"description":   a.description,
		"runbook_url":   s.Docs + "/runbooks.md#" + strings.ToLower(a.name),
		"dashboard_url": s.Grafana + "/d/" + a.dashboard + query(a.variables),
	}}
	if a.scope == scopeTarget {
		s.reproduce(a, r.Annotations)
	}
	if a.lasting > 0 {
		r.For = s.span(a.lasting)
	}
	if a.lingers > 0 {
		r.KeepFiring = s.span(a.lingers)
	}
	if wait := a.lasting + a.after; wait > 0 {
		r.after = s.span(wait)
	}
	return r
}

// query is the query of a dashboard's URL. It sets the variables.
func query(variables []string) string {
	var b strings.Builder
	for i, v := range variables {
		b.WriteByte("?&"[min(i, 1)])
		fmt.Fprintf(&b, "var-%s={{ $labels.%s | urlquery }}", v, v)
	}
	return b.String()
}

// span writes a duration as Prometheus does, divided by the speed.
func (s Settings) span(d time.Duration) string {
	return model.Duration(d / time.Duration(s.Speed)).String()
}

// seconds writes a number of seconds, divided by the speed.
func (s Settings) seconds(d time.Duration) string {
	return number((d / time.Duration(s.Speed)).Seconds())
}

// number writes f the short way, without errors of binary fractions.
func number(f float64) string { return fmt.Sprintf("%.10g", f) }

// name writes a window for labels, texts and the names of recorded series. It does not depend on the speed, and there
// are no weeks.
func name(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return model.Duration(d).String()
}

// expr fills in the places $name of a PromQL text. places are pairs of name and value. It also removes the indentation
// by tabs.
func expr(text string, places ...string) string {
	for i := range places {
		if i%2 == 0 {
			places[i] = "$" + places[i]
		}
	}
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimLeft(line, "\t")
	}
	return strings.NewReplacer(places...).Replace(strings.Join(lines, "\n"))
}

// ofTarget adds the labels of prober.yml to an alert on a target at a location. The series of condition have the labels
// job, location and target only. If replicas disagree on the labels of prober.yml, each has an alert.
func ofTarget(condition string) string {
	return withInfo(condition, byLocation, "instance, node, pod, url")
}

// onTarget is ofTarget for series without a location.
func onTarget(condition string) string {
	return withInfo(condition, byTarget, "instance, location, node, pod, url")
}

// ofTargetAt is ofTarget for series with the label instance. It leaves out targets under maintenance.
func ofTargetAt(condition string) string {
	return withInfo(inParentheses(condition)+"\n"+unlessMaintained, "job, location, instance, target", "url")
}

// unlessTold leaves out targets if another alert covers them by the condition. A target with an alert already sent
// stays, so that the end of this alert is sent as well.
func unlessTold(alert, severity, labels, condition string) string {
	return expr(`
		unless on ($labels) (
		  $condition
		  unless on ($labels) ALERTS{alertname="$alert",alertstate="firing",severity="$severity"}
		)`, "labels", labels, "condition", indented(inParentheses(condition)), "alert", alert, "severity", severity)
}

// ofWell is ofTarget for trouble that failures of the target may cause. It leaves out targets that fail or failed a
// moment ago, and targets under maintenance.
func (s Settings) ofWell(condition string) string { return ofTarget(s.unlessFailing(condition)) }

func (s Settings) unlessFailing(condition string) string {
	return inParentheses(condition) + "\n" + expr(`
		unless on (job, location, target) last_over_time($failing[$w])
		`+unlessMaintained, "failing", failing, "w", s.span(recently))
}

// ofRequest is ofWell for series with the label request.
func (s Settings) ofRequest(condition string) string {
	return inParentheses(s.unlessFailing(condition)) + "\n* on (job, location, target, request) group_right ()\n" +
		"  max without (instance, node, pod) (prober_request_info)"
}

func withInfo(condition, on, without string) string {
	return inParentheses(condition) + "\n* on (" + on + ") group_right ()\n  max without (" + without + ") (prober_target_info)"
}

func inParentheses(text string) string {
	return "(\n  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n)"
}

// arrivals adds up a counter of requests that were due, for each target. For journeys it counts the first step only, as
// the commonest: if a journey never began, its other steps were not due either.
func arrivals(counted string) string {
	return expr(`
		(
		      max by (job, location, target) (sum by (job, location, target, request) ($counted) and on (job, location, target) prober_journeys_in_flight)
		    or
		      sum by (job, location, target) ($counted)
		  )`, "counted", counted)
}

// codes is a template for the commonest error codes of an alert with the given labels, in numbers and words. It adds
// the commonest phase of each code. In an alert on a whole target it also adds the requests with each code, if they
// have names.
func (s Settings) codes(selector string, over time.Duration, labels ...string) string {
	match, values := matching(labels)
	grown := func(metric, only string) string {
		return "(increase(" + metric + "{" + match + "," + only + "}[" + s.span(over) + "]))"
	}
	promql := "topk(3, (sum by (error_code) " + grown("prober_requests_total", selector) + " > 0)" +
		" * on (error_code) group_left (meaning) max by (error_code, meaning) (prober_error_code_info))"
	phase := "{{ range printf `topk(1, sum by (phase) " + grown("prober_request_failures_total", "error_code=%q") + " > 0)`" + values +
		" .Labels.error_code | query }}, phase {{ .Labels.phase }}{{ end }}"
	var requests string
	if !slices.Contains(labels, "request") {
		each := "topk(3, sum by (request) " + grown("prober_requests_total", `request!="",error_code=%q`) + " > 0)"
		requests = "{{ $before := \": \" }}{{ range printf `" + each + "`" + values + " .Labels.error_code | query }}" +
			"{{ $before }}{{ .Labels.request }} {{ printf \"%.0f\" .Value }}{{ $before = \", \" }}{{ end }}"
	}
	return "{{ range printf `" + promql + "`" + values + " | query }}" +
		" {{ .Labels.error_code }}, {{ .Labels.meaning }} ({{ printf \"%.0f\" .Value }} requests" + requests + phase + "){{ else }} none any more{{ end }}"
}
