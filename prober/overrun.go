package prober

import (
	"time"

	"example.com/prober/config"
)

// Overrun is a target whose bursts cannot end before the next slot, so that slots
// are skipped for ever.
type Overrun struct {
	Target string
	// Lasts is how long a burst takes at least.
	Lasts, Interval time.Duration
}

// OverrunsOf returns the targets of cfg whose bursts always overrun their interval
// on the given shard.
func OverrunsOf(cfg *config.Config, s Shard) []Overrun {
	var overruns []Overrun
	for i := range cfg.Targets {
		t := &cfg.Targets[i]
		if lasts := leastLength(t); lasts >= t.Interval && s.runs(t) {
			overruns = append(overruns, Overrun{t.Name, lasts, t.Interval})
		}
	}
	return overruns
}

// leastLength returns how long a burst takes however fast the answers are: until the
// last arrival is due or, where it sends as much as it can, until its time is over.
func leastLength(t *config.Target) time.Duration {
	b := t.Burst
	switch {
	case isOpen(b):
		return newPacer(b, t.Name, 0, shard{total: 1}).lastDue()
	case b.Requests == 0:
		return b.Duration
	}
	return 0
}
