package rules

import "time"

// set is a set of failing targets, with its alert.
type set struct {
	// record has a series for each target.
	record string
	// alert is the name of the alert on a single target.
	alert    string
	severity string
	// labels identify a target in the set, besides code and host.
	labels string
	// over is the window of the value.
	over time.Duration
	// alikeBy are the labels by which targets may fail alike. The first one counts first.
	alikeBy []string
	// settles is how long a target is in the set before it has an alert of its own. Groups take half of this time.
	settles time.Duration
	// lingers is how long an alert goes on after the last failure. Failures that come back within this time cause no new
	// alert.
	lingers time.Duration
}

func sets() []set {
	return []set{
		{
			record: everywherePage, alert: "ProberTargetFailsEverywhere", severity: page, labels: byTarget,
			over: short, alikeBy: []string{"host", "error_code"}, settles: time.Minute, lingers: 10 * time.Minute,
		},
		{
			record: everywhere, alert: "ProberTargetFailsEverywhere", severity: ticket, labels: byTarget,
			over: window, alikeBy: []string{"host", "error_code"}, settles: 10 * time.Minute, lingers: 30 * time.Minute,
		},
		{
			record: fromLocation, alert: "ProberTargetFailsFrom", severity: ticket, labels: byLocation,
			over: short, alikeBy: []string{"location"}, settles: 5 * time.Minute, lingers: 30 * time.Minute,
		},
	}
}

// grouping names the series with the number of targets that fail alike.
func (f set) grouping(label string) string {
	level := map[string]string{"host": "job_host", "error_code": "job_code", "location": "job_location"}[label]
	if f.record == fromLocation {
		return level + ":prober_failing_from:targets"
	}
	return level + ":prober_failing_everywhere:" + f.severity + "_targets"
}

// groupings returns the rules for the number of targets that fail alike. A target counts for the first label by which
// it is one of many.
func (f set) groupings() []Rule {
	var rules []Rule
	rest := ""
	for _, label := range f.alikeBy {
		name := f.grouping(label)
		rules = append(rules, Rule{Record: name, Expr: expr(`
			count by (job, $label) ($rest) >= $alike`, "label", label, "rest", withLabel(f.record, label)+rest, "alike", number(alike))})
		rest += " unless on (job, " + label + ") " + name
	}
	return rules
}

// grouped selects the targets of the set that fail like others.
func (f set) grouped() string {
	text := ""
	for i, label := range f.alikeBy {
		if i > 0 {
			text += "\nor\n"
		}
		text += f.record + " and on (job, " + label + ") " + f.grouping(label)
	}
	return text
}

// still keeps only targets that fail at this moment. Tickets need it, as their sets keep a target for some minutes
// more.
func (f set) still(on string) string {
	if f.severity == page {
		return ""
	}
	return "\n" + expr(`
		and on ($on) ($set and on ($labels) $since > 0)`, "on", on, "set", f.record, "labels", f.labels, "since", sinceBy(f.labels))
}

func sinceBy(labels string) string {
	return "max by (" + labels + ") (prober_target_failing_since_timestamp_seconds)"
}

// withLabel selects the series of a record with the label.
func withLabel(record, label string) string { return record + "{" + label + `!=""}` }
