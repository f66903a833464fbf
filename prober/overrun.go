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
		l := loadOf(t)
		if lasts := l.LeastLength(); lasts >= t.Interval && s.Runs(&l) {
			overruns = append(overruns, Overrun{t.Name, lasts, t.Interval})
		}
	}
	return overruns
}
