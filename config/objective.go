package config

import (
	"cmp"
	"math"
	"time"

	"example.com/prober/config/form"
)

// Objective is what a target is held to by the alerts. It changes nothing of its bursts.
type Objective struct {
	// Availability is the share of requests that must succeed, in percent: from 1 to 99.9999.
	Availability float64
	// Latency is how long those that succeed may take, all but one in twenty; 0 where the
	// target has no objective of its own for it.
	Latency time.Duration
	// Window is how long the error budget lasts; 0 stands for [ObjectiveWindow].
	Window time.Duration
}

// ObjectiveWindow is how long an error budget lasts if the configuration does not say.
const ObjectiveWindow = 30 * 24 * time.Hour

// Budget returns how long the error budget lasts; 0 without an objective.
func (o *Objective) Budget() time.Duration {
	if o == nil {
		return 0
	}
	return cmp.Or(o.Window, ObjectiveWindow)
}

// Ratio returns the share of requests that must succeed; 0 without an objective.
func (o *Objective) Ratio() float64 {
	if o == nil {
		return 0
	}
	const digits = 1e6 // of the percents: 99.9 is 0.999, and not a binary fraction beside it
	return math.Round(o.Availability*digits) / (100 * digits)
}

// Duration returns how long requests may take; 0 without an objective.
func (o *Objective) Duration() time.Duration {
	if o == nil {
		return 0
	}
	return o.Latency
}

func objectiveFields(o *Objective) form.Section {
	return form.Section{
		form.Key("availability", form.Needed(form.Number(&o.Availability, 1, 99.9999))),
		form.Key("latency", form.Duration(&o.Latency, time.Millisecond, maxTimeout)),
		form.Key("window", form.Duration(&o.Window, time.Hour, 90*24*time.Hour)),
	}
}
