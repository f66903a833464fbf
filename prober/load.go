package prober

import "example.com/prober/config"

// loadOf returns when t sends how many requests.
func loadOf(t *config.Target) load {
	b := &t.Burst
	l := load{
		Name:     t.Name,
		Interval: t.Interval,
		Shared:   t.Sharding == config.ShardLoad,
		Burst: loadBurst{
			Requests:    b.Requests,
			Duration:    b.Duration,
			Rate:        b.Rate,
			Poisson:     b.Arrival == config.ArrivalPoisson,
			Concurrency: b.Concurrency,
		},
	}
	for _, s := range b.Stages {
		l.Burst.Stages = append(l.Burst.Stages, loadStage(s))
	}
	return l
}

// breakerOf returns a breaker as t asks for it.
func breakerOf(t *config.Target) breaker {
	if t.Breaker == nil {
		return breaker{}
	}
	return breaker{After: t.Breaker.After, For: t.Breaker.For}
}
