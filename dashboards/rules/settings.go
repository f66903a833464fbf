// Package rules describes the recording and alerting rules of the prober once. The files for Prometheus and for
// Kubernetes are generated from it.
package rules

import "time"

//go:generate go run ./generate

// Settings are the parts of the rules that users may want to change.
type Settings struct {
	// Objectives are the objectives of targets. The first one that selects a target counts.
	Objectives []Objective
	// Docs is the URL of the folder with the pages of docs. Every runbook_url leads to runbooks.md there.
	Docs string
	// Grafana is the URL of the Grafana with the dashboards.
	Grafana string
	// Pages is the URL of the pages of a prober. If it is empty, the pages are at the address for scrapes.
	Pages string
	// Speed divides every time in the rules. It is 1, or more in a test with less time than people on call.
	Speed int
	// Every is the time between two evaluations of the rules; 0 means 30 seconds. A longer time spares Prometheus, but
	// alerts come later.
	Every time.Duration
}

// Objective is the objective of some targets.
type Objective struct {
	// Targets is a matcher of prober_target_info: the name of a target, or any of its labels in prober.yml, such as
	// `tier="critical"`. Empty selects all.
	Targets string
	// Availability is the share of requests that must succeed.
	Availability float64
	// Latency is the longest time for 19 of 20 successful requests.
	Latency time.Duration
}

// Default returns the settings of the committed files. The project has no public home: both URLs are placeholders for
// the user's.
func Default() Settings {
	return Settings{
		Objectives: []Objective{{Targets: "", Availability: 0.99, Latency: time.Second}},
		Docs:       "https://runbooks.example.com",
		Grafana:    "https://grafana.example.com",
		Speed:      1,
	}
}

// The labels that identify a target in the series of rules. Several locations may probe a target of one name; their
// series are never added up.
const (
	byTarget   = "job, target"
	byLocation = "job, location, target"
)

const (
	// inARow is the number of consecutive failures that make a target count as down. A success in between starts the count
	// again.
	inARow = 3
	// alike is the number of targets that must fail alike for one alert on all of them.
	alike = 3
	// holdsPage is how long a page treats a failure as current.
	holdsPage = 2 * time.Minute
	// recently is how long after a failure a target has no alerts on its consequences, such as late bursts.
	recently = 15 * time.Minute
	// fewest is the number of failures before an alert: one failure of three is a third, and means nothing.
	fewest = 5
	// fewestAnswers is the number of successes that a quantile of latency takes. With fewer than twenty, the 95th
	// percentile is the slowest.
	fewestAnswers = 20
	// failed selects the failed requests, except for the prober's own trouble.
	failed = `error_code!~"0|100[1-7]"`
	// quantile is the quantile of the latency in an objective.
	quantile = 0.95
	// window is the window of alerts that do not measure the error budget. It is five intervals of six minutes.
	window = 30 * time.Minute
)
