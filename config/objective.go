package config

import (
	"cmp"
	"math"
	"time"

	"example.com/prober/config/form"
)

// Objective is the service level for the alerts on a target. It does not change the bursts.
type Objective struct {
	// Availability is the share of requests that must succeed, in percent: from 1 to 99.9999.
	Availability float64
	// Latency is the time within which all but one in twenty successful requests must end; 0 if the target has no
	// latency objective of its own.
	Latency time.Duration
	// Window is the period of the error budget; 0 stands for [ObjectiveWindow].
	Window time.Duration
}

// ObjectiveWindow is the default period of an error budget.
const ObjectiveWindow = 30 * 24 * time.Hour

// Budget returns the period of the error budget; 0 without an objective.
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
	const digits = 1e6 // of the percents: 99.9 becomes exactly 0.999, not a binary fraction beside it
	return math.Round(o.Availability*digits) / (100 * digits)
}

// Duration returns the latency objective; 0 without one.
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
