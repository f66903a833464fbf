package rules

// failingAlerts returns the alerts on failing targets. Each set has alerts on many targets that fail alike, and one
// alert on each other target.
func (s Settings) failingAlerts() []Rule {
	var single, many []Rule
	for _, f := range sets() {
		single = append(single, s.failsAlert(f))
		for _, label := range f.alikeBy {
			many = append(many, s.alikeAlert(f, label))
		}
	}
	return append(single, many...)
}

// failsAlert is the alert on one target. It waits for the alert on targets that fail alike. Once sent, it goes on
// beside such an alert, so that its end is sent as well.
func (s Settings) failsAlert(f set) Rule {
	join := onTarget
	if f.labels == byLocation {
		join = ofTarget
	}
	return s.rule(alert{
		name:     f.alert,
		severity: f.severity,
		scope:    scopeTarget,
		after:    f.settles,
		lingers:  f.lingers,
		expr: join(expr(`
			max by ($labels) ($set)
			and on ($labels) ($set offset $settles)
			$unlessGrouped$still`,
			"labels", f.labels, "settles", s.span(f.settles), "unlessGrouped", unlessTold(f.alert, f.severity, f.labels, f.grouped()),
			"still", f.still(f.labels), "set", f.record)),
		summary: "{{ $labels.target }} fails" + from + ": {{ $value | humanizePercentage }} of its requests failed in the last " + name(f.over),
		description: "{{ $labels.target }} fails" + from + s.since(f) + ". {{ $value | humanizePercentage }} of its requests failed in the last " + name(f.over) +
			s.ratios() + "." + s.locations(f) + " The commonest codes of the last " + name(f.over) + ":" + s.codes(failed, f.over, f.names()...) + ".",
		dashboard: targetDashboard,
		variables: []string{"job", "target"},
	})
}

// alikeAlert is the alert on many failing targets with a common label.
func (s Settings) alikeAlert(f set, label string) Rule {
	example, values := f.of(label)
	return s.rule(alert{
		name:     "ProberTargetsFailAlike",
		severity: f.severity,
		scope:    scopeTarget,
		labels:   map[string]string{"alike": label},
		after:    f.settles / 2,
		lingers:  f.lingers,
		expr: expr(`
			$count
			and $count offset $settles$still`,
			"count", f.grouping(label), "settles", s.span(f.settles/2), "still", f.still("job, "+label)),
		summary: "{{ $value }} targets fail" + alikeWords()[label],
		description: "{{ $value }} of the {{ range printf `count(count by (target) (prober_target_info{job=%q}))` $labels.job | query }}{{ .Value }}{{ end }} targets of " +
			"{{ $labels.job }} fail" + alikeWords()[label] + f.sinceOfMany(label) + ". " + f.averageOfMany(label) +
			" of their requests failed in the last " + name(f.over) + ". " + f.codesOfMany(label) + "The targets, ten at most:" + f.targetsOfMany(label) + ".",
		dashboard: overviewDashboard,
		example:   example, exampleValues: values, exampleOn: f.labels,
	})
}

// alikeWords names the common property of the targets.
func alikeWords() map[string]string {
	return map[string]string{
		"host":       " at the host {{ $labels.host }}",
		"error_code": " with the code {{ $labels.error_code }}",
		"location":   " from {{ $labels.location }}, but not from other locations",
	}
}
