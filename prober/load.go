package prober

import (
	"example.com/prober/config"
	"example.com/prober/prober/load"
)

// The types of package load that commands hand to a manager or get from a shot.
type (
	// Limits are the ceilings of the process.
	Limits = load.Limits
	// Shard says which of several probers with the same configuration this one is.
	Shard = load.Shard
	// Plan is what a burst sends if nothing holds it back.
	Plan = load.Plan
)

// loadOf returns the load of t: when it sends how many requests. Two configurations with
// the same load can follow each other within a burst.
func loadOf(t *config.Target) load.Target {
	b := &t.Burst
	l := load.Target{
		Name:     t.Name,
		Interval: t.Interval,
		Shared:   t.Sharding == config.ShardLoad,
		Burst: load.Burst{
			Requests:    b.Requests,
			Duration:    b.Duration,
			Rate:        b.Rate,
			Poisson:     b.Arrival == config.ArrivalPoisson,
			Concurrency: b.Concurrency,
		},
	}
	for _, r := range t.Items() {
		l.Names = append(l.Names, r.Name)
	}
	for _, r := range t.Requests {
		l.Weights = append(l.Weights, r.Weight)
	}
	for _, s := range b.Stages {
		l.Burst.Stages = append(l.Burst.Stages, load.Stage(s))
	}
	return l
}

// breakerOf returns the breaker that t configures.
func breakerOf(t *config.Target) load.Breaker {
	if t.Breaker == nil {
		return load.Breaker{}
	}
	return load.Breaker{After: t.Breaker.After, For: t.Breaker.For}
}
