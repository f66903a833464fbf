package numbers

import (
	"slices"
	"time"
)

// Self is how the prober itself does.
type Self struct {
	// Created is since when it runs.
	Created time.Time
	// Lag is the time from when requests were due to when they were sent, as far as the
	// prober is the cause, since the start and of all targets.
	Lag Histogram
	// Limits are the ceilings of the process, those that are not set included.
	Limits []Limit
	// ReloadFailed tells that the file was changed since and could not be loaded; Loaded
	// is when the configuration in effect was.
	ReloadFailed bool
	Loaded       time.Time
	// Shard and Shards are 0 and 1 for a prober that runs alone.
	Shard, Shards int
	// DroppedLogLines is how many lines of the log were dropped.
	DroppedLogLines uint64
}

// Limit is a ceiling of the process and how much of it is in use.
type Limit struct {
	Name      string
	Most, Now float64 // Most is 0 where it is not set
}

// LagP50 returns the median of the lag.
func (s *Self) LagP50() time.Duration { return s.Lag.Quantile(0.5) }

// LagP99 returns the 99th percentile of the lag.
func (s *Self) LagP99() time.Duration { return s.Lag.Quantile(0.99) }

// SetLimits returns the ceilings that are set.
func (s *Self) SetLimits() []Limit {
	return slices.DeleteFunc(slices.Clone(s.Limits), func(l Limit) bool { return l.Most == 0 })
}
