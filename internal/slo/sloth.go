package slo

import (
	"fmt"
	"regexp"
	"strconv"

	"example.com/prober/config"
)

// The part of a file of Sloth, version prometheus/v1, for the objectives of the prober.
type (
	slothFile struct {
		Version string            `yaml:"version"`
		Service string            `yaml:"service"`
		Labels  map[string]string `yaml:"labels,omitempty"`
		SLOs    []slothSLO        `yaml:"slos"`
	}
	slothSLO struct {
		Name        string            `yaml:"name"`
		Objective   float64           `yaml:"objective"`
		Description string            `yaml:"description"`
		Labels      map[string]string `yaml:"labels"`
		SLI         slothSLI          `yaml:"sli"`
		Alerting    slothAlerting     `yaml:"alerting"`
	}
	slothSLI struct {
		Events struct {
			Error string `yaml:"error_query"`
			Total string `yaml:"total_query"`
		} `yaml:"events"`
	}
	slothAlerting struct {
		Name        string            `yaml:"name"`
		Annotations map[string]string `yaml:"annotations"`
		Page        slothAlert        `yaml:"page_alert"`
		Ticket      slothAlert        `yaml:"ticket_alert"`
	}
	slothAlert struct {
		Labels map[string]string `yaml:"labels"`
	}
)

// Sloth returns the objectives as a file of Sloth. Sloth has one window for all, set by its flag.
func Sloth(targets []config.Target, opts Options) ([]byte, error) {
	all := objectives(targets)
	if len(all) == 0 {
		return nil, errNone
	}
	file := slothFile{Version: "prometheus/v1", Service: "prober"}
	names := names(all)
	for i := range all {
		file.SLOs = append(file.SLOs, all[i].sloth(names[i], opts))
	}
	return write(file)
}

func (o *objective) sloth(name string, opts Options) slothSLO {
	s := slothSLO{Name: name, Objective: o.percent, Description: o.description(), Labels: map[string]string{"target": o.target.Name}}
	const window = "[{{.window}}]" // Sloth fills it in
	total := "sum(rate(prober_requests_total" + o.selector(opts, notOwn) + window + "))"
	wrong := "sum(rate(prober_requests_total" + o.selector(opts, failed) + window + "))"
	if o.kind == "latency" {
		total, wrong = o.slow(opts, window)
	}
	s.SLI.Events.Error, s.SLI.Events.Total = wrong, total
	s.Alerting = slothAlerting{
		Name: "ProberObjectiveAtRisk",
		Annotations: map[string]string{
			"summary":   fmt.Sprintf("%s uses up its error budget too fast: %s", o.target.Name, o.description()),
			"reproduce": "prober fire " + o.target.Name + " --trace",
		},
		Page: o.alert(name, "page"), Ticket: o.alert(name, "ticket"),
	}
	return s
}

// alert returns an alert with labels that are unique in the file.
func (o *objective) alert(name, severity string) slothAlert {
	return slothAlert{map[string]string{"severity": severity, "target": o.target.Name, "objective": name}}
}

// slow returns two rates: of the successful requests, and of those above the bound. Native buckets come first, as they
// know any bound. Classic buckets know only the bounds in metrics.buckets.
func (o *objective) slow(opts Options, window string) (total, slow string) {
	ok, bound := o.selector(opts, `error_code="0"`), strconv.FormatFloat(o.bound.Seconds(), 'f', -1, 64)
	native := "sum(rate(prober_request_duration_seconds" + ok + window + "))"
	count := "sum(rate(prober_request_duration_seconds_count" + ok + window + "))"
	quick := "sum(rate(prober_request_duration_seconds_bucket" + o.selector(opts, `error_code="0",le=~`+strconv.Quote(regexp.QuoteMeta(bound)+`(\.0)?`)) + window + "))"
	total = "(histogram_count(" + native + ") or " + count + ")"
	slow = "(histogram_count(" + native + ") * (1 - histogram_fraction(0, " + bound + ", " + native + ")) or " + count + " - " + quick + ")"
	return total, slow
}
