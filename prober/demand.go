package prober

import "example.com/prober/config"

// Demand is what a configuration asks of the prober at most.
type Demand struct {
	// AverageRate is in requests per second over a long time. A closed burst that
	// only its duration bounds does not count: it sends as many as it can.
	AverageRate float64
	// InFlight is how many requests all targets together may have in flight.
	InFlight int
}

// DemandOf computes the demand of cfg.
func DemandOf(cfg *config.Config) Demand {
	var d Demand
	for _, t := range cfg.Targets {
		requests := t.Burst.Requests
		if t.Burst.Rate > 0 {
			requests = int(newPacer(t.Burst).n)
		}
		d.AverageRate += float64(requests) / t.Interval.Seconds()
		d.InFlight += t.Burst.Concurrency
	}
	return d
}

// Check tells whether every target of cfg could be started.
func Check(cfg *config.Config) error {
	_, err := NewManager(nil, cfg.Metrics).compile(cfg)
	return err
}
