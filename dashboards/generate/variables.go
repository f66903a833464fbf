package main

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/prober/dashboards/rules"
)

// Values of Grafana's enumerations.
const (
	hideVariable      = 2
	onTimeRangeChange = 2
	alphabetical      = 1
	labelValues       = 1
	queryResult       = 3
)

// variables returns the variables of all dashboards, so that a link from one to another keeps the choices. Unless
// allTargets is set, a dashboard shows one target until the reader chooses more.
func variables(s rules.Settings, allTargets bool) []variable {
	return []variable{
		{Label: "Data source", Name: "datasource", Query: "prometheus", Refresh: 1, Type: "datasource"},
		labels("job", "Job", "prober_build_info", true),
		labels("instance", "Instance", `prober_build_info{job=~"$job"}`, true),
		labelName(),
		labels("value", "Value", `prober_target_info{job=~"$job", instance=~"$instance"}`, true).of("$label"),
		labels("target", "Target", `prober_target_info{job=~"$job", instance=~"$instance", $label=~"$value"}`, allTargets).listed(),
		quantiles(),
		worstCount(),
		constant("objective", strconv.FormatFloat(objective(s), 'f', -1, 64), "Share of requests that must succeed. The error budget is counted from it."),
		pages(s),
		minStep("absolute_step", absoluteStep, "One and a quarter of the longest interval between bursts, in seconds."),
		minStep("ratio_step", ratioStep, "Half of the longest interval between bursts, in seconds."),
	}
}

// objective is the objective of the alerts for targets without one.
func objective(s rules.Settings) float64 {
	return s.Objectives[len(s.Objectives)-1].Availability
}

// labels offers the values of the label of this name on the series of a metric.
func labels(name, label, metric string, all bool) variable {
	query := fmt.Sprintf("label_values(%s, %s)", metric, name)
	v := variable{
		Datasource: prometheus(), Definition: query, IncludeAll: all, Label: label, Multi: true, Name: name,
		Query:   object{"qryType": labelValues, "query": query, "refId": "variable"},
		Refresh: onTimeRangeChange, Sort: alphabetical, Type: "query",
	}
	if all {
		v.AllValue = ".*"
		v.Current = &choice{Selected: true, Text: []string{"All"}, Value: []string{"$__all"}}
	}
	return v
}

// of makes the variable offer the values of another label.
func (v variable) of(name string) variable {
	before := v.Definition
	v.Definition = strings.Replace(before, ", "+v.Name+")", ", "+name+")", 1)
	v.Query = object{"qryType": labelValues, "query": v.Definition, "refId": "variable"}
	return v
}

// listed makes All mean each of the offered values, and nothing else.
func (v variable) listed() variable {
	v.AllValue = ""
	return v
}

// labelName is a label of targets in prober.yml. Its values are offered to choose targets.
func labelName() variable {
	return variable{
		Current: &choice{Selected: true, Text: "team", Value: "team"}, Description: "A label that your prober.yml gives targets.",
		Label: "Your label", Name: "label", Options: []choice{{Selected: true, Text: "team", Value: "team"}}, Query: "team", Type: "textbox",
	}
}

// constant is hidden. To change its value, change the dashboard.
func constant(name, value, description string) variable {
	return variable{
		Current: &choice{Selected: true, Text: value, Value: value}, Description: description,
		Hide: hideVariable, Name: name, Query: value, SkipURLSync: true, Type: "constant",
	}
}

func quantiles() variable {
	v := variable{Label: "Quantile", Name: "quantile", Query: "0.5,0.9,0.95,0.99,0.999", Type: "custom"}
	for _, q := range []string{"0.5", "0.9", "0.95", "0.99", "0.999"} {
		c := choice{Selected: q == "0.95", Text: q, Value: q}
		v.Options = append(v.Options, c)
		if c.Selected {
			v.Current = &c
		}
	}
	return v
}

// pages is hidden. It is the address of the pages of a prober, with the explanations of the codes. The default is the
// address for scrapes. If readers cannot reach it, set a constant instead.
func pages(s rules.Settings) variable {
	const description = "Address of a prober whose pages explain the codes."
	if s.Pages != "" {
		return constant("pages", s.Pages, description)
	}
	query := `query_result(label_replace(prober_build_info{` + process + `}, "page", "http://$1", "instance", "(.+)"))`
	return variable{
		Datasource: prometheus(), Definition: query, Description: description, Hide: hideVariable, Name: "pages",
		Query:   object{"qryType": queryResult, "query": query, "refId": "variable"},
		Refresh: onTimeRangeChange, Regex: `/page="([^"]+)"/`, SkipURLSync: true, Type: "query",
	}
}

// worstCount is how many targets the graphs by target show.
func worstCount() variable {
	v := variable{Label: "Worst", Name: "worst", Description: "How many targets a graph by target shows, worst first.", Query: "5,15,50,200", Type: "custom"}
	for _, n := range []string{"5", "15", "50", "200"} {
		c := choice{Selected: n == "15", Text: n, Value: n}
		v.Options = append(v.Options, c)
		if c.Selected {
			v.Current = &c
		}
	}
	return v
}

// The steps of queries, in seconds. $__rate_interval is at least four of them. So a rate covers five intervals between
// bursts, and a ratio two. No step is below the interval of scrapes: in the query of a variable, $__interval_ms is that
// of the data source.
const (
	absoluteStep = `ceil(max(1.25 * prober_burst_interval_seconds{` + scope + `} or vector($__interval_ms / 1000)))`
	ratioStep    = `ceil(max(0.5 * prober_burst_interval_seconds{` + scope + `} or vector($__interval_ms / 1000)))`
)

// minStep is hidden: the dashboard computes it.
func minStep(name, expr, description string) variable {
	query := "query_result(" + expr + ")"
	return variable{
		Datasource: prometheus(), Definition: query, Description: description, Hide: hideVariable, Name: name,
		Query:   object{"qryType": queryResult, "query": query, "refId": "variable"},
		Refresh: onTimeRangeChange, Regex: `/ (\d+) /`, SkipURLSync: true, Type: "query",
	}
}

// events returns the annotations of all dashboards.
func events() []annotation {
	return []annotation{
		{
			BuiltIn: 1, Datasource: datasource{"grafana", "-- Grafana --"}, Enable: true, Hide: true,
			IconColor: "rgba(0, 211, 255, 1)", Name: "Annotations & Alerts", Type: "dashboard",
		},
		{
			Datasource: *prometheus(), Enable: true, IconColor: "red", Name: "Alerts", Step: "30s",
			// Alerts about a prober as a whole have no target.
			Expr:    `max by (alertname, severity, target) (ALERTS{alertstate="firing", alertname=~"Prober.*", target=~"$target|"})`,
			TagKeys: "severity,target", TextFormat: "{{target}}", TitleFormat: "{{alertname}}",
		},
		{
			Datasource: *prometheus(), Enable: true, IconColor: "blue", Name: "Configuration loaded", Step: "30s",
			Expr:    `max by (instance) (prober_config_last_reload_success_timestamp_seconds{` + process + `}) * 1000`,
			TagKeys: "instance", TextFormat: "{{instance}}", TitleFormat: "Configuration loaded", UseValueForTime: true,
		},
	}
}

// prometheus is the data source of the reader's choice.
func prometheus() *datasource { return &datasource{"prometheus", "${datasource}"} }
