// Package rules describes the recording and alerting rules of the prober, once,
// for the files of Prometheus and of Kubernetes that are generated from it.
package rules

import "time"

//go:generate go run ./generate

// Settings are what users of the rules may want to differ.
type Settings struct {
	// Objectives say what targets are held to. The first that selects a target
	// counts.
	Objectives []Objective
	// Docs is the URL below which the pages of docs are to be read: every
	// runbook_url leads to runbooks.md there.
	Docs string
	// Grafana is the URL of the Grafana with the dashboards.
	Grafana string
	// Pages is the URL of the pages of a prober. Where it is empty they are at the address that
	// Prometheus scrapes.
	Pages string
	// Speed divides every time in the rules: 1, or more where a test has less time
	// than people on call.
	Speed int
	// Every is the time between two evaluations of the rules; 30 seconds if it is 0. Longer ones
	// spare Prometheus, and tell later.
	Every time.Duration
}

// Objective is what some targets are held to.
type Objective struct {
	// Targets is a matcher of prober_target_info, so of the name of a target or of
	// any label that prober.yml gives it: `tier="critical"`. Empty selects all.
	Targets string
	// Availability is the share of requests that must succeed.
	Availability float64
	// Latency is how long those that succeed may take, all but one in twenty.
	Latency time.Duration
}

// Default returns the settings of the committed files. The project has no public
// home: both URLs stand for those of whoever uses the rules.
func Default() Settings {
	return Settings{
		Objectives: []Objective{{Targets: "", Availability: 0.99, Latency: time.Second}},
		Docs:       "https://runbooks.example.com",
		Grafana:    "https://grafana.example.com",
		Speed:      1,
	}
}

// What tells the series of rules apart. A target of one name may be probed from several
// locations, which are never added up.
const (
	byTarget   = "job, target"
	byLocation = "job, location, target"
)

const (
	// inARow is how many requests must have failed one after another before a target counts
	// as down. Any success in between ends the row.
	inARow = 3
	// alike is how many targets must fail alike for one alert on all of them.
	alike = 3
	// holdsPage is how long a failure counts as of now, where a page is at stake.
	holdsPage = 2 * time.Minute
	// recently is how long a target that failed is left alone by alerts on what its failures
	// bring about, such as late bursts.
	recently = 15 * time.Minute
	// fewest is how many requests must have failed before anyone is told: one
	// failure of three is a third, and nothing.
	fewest = 5
	// fewestAnswers is how many successes a quantile of latency takes: with fewer
	// than twenty, the 95th percentile is the slowest.
	fewestAnswers = 20
	// failed selects the requests that failed, but for what is the prober's own trouble.
	failed = `error_code!~"0|100[1-7]"`
	// quantile of the latency that has an objective.
	quantile = 0.95
	// window is that of alerts which do not measure the error budget. It is five
	// intervals of six minutes.
	window = 30 * time.Minute
)
