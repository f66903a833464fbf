package rules

import (
	"cmp"
	"strings"
)

// Templates of sentences in annotations.

// from names the location of an alert, or else the location of the Prometheus that evaluates it. Without either it is
// empty.
const from = "{{ with or $labels.location $externalLabels.location }} from {{ . }}{{ end }}"

// names returns the labels of a target in the set.
func (f set) names() []string { return strings.Split(f.labels, ", ") }

// since says when the current failures began.
func (s Settings) since(f set) string {
	match, values := matching(f.names())
	return "{{ range printf `min(prober_target_failing_since_timestamp_seconds{" + match + "} > 0)`" + values + " | query }}" +
		" since {{ .Value | humanizeTimestamp }}{{ end }}"
}

// ratios names the shares of failures over longer windows.
func (s Settings) ratios() string {
	text := ""
	for _, w := range []string{"1h", "6h"} {
		text += "{{ range printf `max(job_location_target:prober_failures:ratio_rate" + w + "{job=%q,target=%q})` $labels.job $labels.target | query }}" +
			", {{ .Value | humanizePercentage }} in the last " + w + "{{ end }}"
	}
	return text
}

// locations names the locations that agree on the failure of a target, if they have names.
func (s Settings) locations(f set) string {
	if f.labels == byLocation {
		return " It does not fail from other locations."
	}
	return "{{ with printf `group by (location) (prober_target_info{job=%q,target=%q,location!=\"\"})` $labels.job $labels.target | query | sortByLabel \"location\" }}" +
		" It fails from:{{ range . }} {{ .Labels.location }}{{ end }}.{{ end }}"
}

// matching returns a matcher with places for the values of labels, and these values.
func matching(labels []string) (match, values string) {
	for _, l := range labels {
		match += "," + l + "=%q"
		values += " $labels." + l
	}
	return strings.TrimPrefix(match, ","), values
}

// of returns the selector for the targets of an alert on many, and the values in it.
func (f set) of(label string) (selector, values string) {
	match, values := matching([]string{"job", label})
	return f.record + "{" + match + "}", values
}

func (f set) sinceOfMany(label string) string {
	selector, values := f.of(label)
	return "{{ range printf `min((prober_target_failing_since_timestamp_seconds > 0) and on (" + f.labels + ") " + selector + ")`" + values +
		" | query }} since {{ .Value | humanizeTimestamp }}{{ end }}"
}

func (f set) averageOfMany(label string) string {
	selector, values := f.of(label)
	return "{{ range printf `avg(" + selector + ")`" + values + " | query }}{{ .Value | humanizePercentage }}{{ end }}"
}

func (f set) targetsOfMany(label string) string {
	selector, values := f.of(label)
	return "{{ range printf `topk(10, " + selector + ")`" + values + " | query | sortByLabel \"target\" }} {{ .Labels.target }}{{ end }}"
}

// codesOfMany is a template for the number of targets with each code, and its meaning.
func (f set) codesOfMany(label string) string {
	selector, values := f.of(label)
	return "{{ range printf `topk(3, count by (error_code) (" + failingCode + " and on (job, target) " + selector + "))" +
		" * on (error_code) group_left (meaning) max by (error_code, meaning) (prober_error_code_info)`" + values +
		" | query | sortByLabel \"error_code\" }}{{ .Value }} of them mostly with {{ .Labels.error_code }}, {{ .Labels.meaning }}. {{ end }}"
}

// reproduce adds the command that shows a failure, and the address of the prober's page. They are for the target of the
// alert, or the first of many.
func (s Settings) reproduce(a alert, annotations map[string]string) {
	info, values, by := "prober_target_info{job=%q,target=%q,location=~%q}", ` $labels.job $labels.target (or $labels.location ".*")`, "instance"
	if a.example != "" {
		info, values, by = "prober_target_info and on ("+a.exampleOn+") "+a.example, a.exampleValues, "target"
	}
	first := func(text string) string {
		return "{{ with printf `" + info + "`" + values + " | query | sortByLabel \"" + by + "\" }}{{ with first . }}" + text + "{{ end }}{{ end }}"
	}
	annotations["command"] = first("prober fire {{ .Labels.target }} --trace")
	annotations["page_url"] = first(cmp.Or(s.Pages, "http://{{ .Labels.instance }}") + "/targets/{{ .Labels.target }}")
}
