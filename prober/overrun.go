package prober

import (
	"time"

	"example.com/prober/config"
	"example.com/prober/prober/load"
)

// Overrun is a target whose bursts cannot end before the next slot, so slots are skipped for
// ever.
type Overrun struct {
	Target string
	// Lasts is how long a burst takes at least.
	Lasts, Interval time.Duration
}

// TooFew is a target whose workers cannot keep up with its rate when the target is as slow as
// its timeout allows.
type TooFew struct {
	Target  string
	Workers load.Capacity
}

// TooFewOf returns the targets of cfg on the given shard that must run out of workers when
// they become slow.
func TooFewOf(cfg *config.Config, s Shard) []TooFew {
	var all []TooFew
	for i := range cfg.Targets {
		t := &cfg.Targets[i]
		l := loadOf(t)
		if c := l.Slowest(slowest(t), s.Part(&l)); c.IsShort() && s.Runs(&l) {
			all = append(all, TooFew{t.Name, c})
		}
	}
	return all
}

// slowest returns how long an arrival keeps a worker busy when each answer takes all its
// time. For a mix it is an average. That is the worst that a target can do to its workers:
// after its timeout a request is over.
func slowest(t *config.Target) time.Duration {
	items := t.Items()
	if len(items) == 0 {
		return t.Timeout
	}
	var sum, weights float64
	for _, r := range items {
		weight := float64(max(r.Weight, 1))
		sum += weight * float64(r.Timeout)
		weights += weight
	}
	if len(t.Journey) > 0 {
		return time.Duration(sum) + time.Duration(len(items)-1)*t.Think
	}
	return time.Duration(sum / weights)
}

// OverrunsOf returns the targets of cfg whose bursts always overrun their interval
// on the given shard.
func OverrunsOf(cfg *config.Config, s Shard) []Overrun {
	var overruns []Overrun
	for i := range cfg.Targets {
		t := &cfg.Targets[i]
		l := loadOf(t)
		if lasts := l.LeastLength(); lasts >= t.Interval && s.Runs(&l) {
			overruns = append(overruns, Overrun{t.Name, lasts, t.Interval})
		}
	}
	return overruns
}
