package prober

import (
	"slices"
	"time"
)

// Self is how the prober itself does.
type Self struct {
	// LagP50 and LagP99 are of the time from when requests were due to when they were
	// sent, as far as the prober is the cause, since the start and of all targets.
	LagP50, LagP99 time.Duration
	// Limits are the ceilings of the process that are set.
	Limits []Limit
	// ReloadFailed tells that the file was changed since and could not be loaded; Loaded
	// is when the configuration in effect was.
	ReloadFailed bool
	Loaded       time.Time
	// Shard and Shards are 0 and 1 for a prober that runs alone.
	Shard, Shards int
}

// Limit is a ceiling of the process and how much of it is in use.
type Limit struct {
	Name      string
	Most, Now float64
}

// Self returns how the prober itself does.
func (m *Manager) Self() Self {
	m.mu.Lock()
	lag := m.retired.clone()
	recorders := make([]*recorder, 0, len(m.order))
	for _, name := range m.order {
		recorders = append(recorders, m.entries[name].recorder)
	}
	s := Self{ReloadFailed: !m.reload.ok, Loaded: m.reload.success, Shard: m.shard.Ordinal, Shards: m.shard.Count()}
	m.mu.Unlock()
	for _, r := range recorders {
		r.mu.Lock()
		lag.merge(&r.lag)
		r.mu.Unlock()
	}
	s.LagP50, s.LagP99 = lag.quantile(0.5), lag.quantile(0.99)
	s.Limits = slices.DeleteFunc(m.limits(len(recorders)), func(l Limit) bool { return l.Most == 0 })
	return s
}

// limits returns the ceilings of the process, those that are not set included.
func (m *Manager) limits(targets int) []Limit {
	l := m.limiter
	inFlight, rate := l.InUse()
	return []Limit{
		{"rate", l.Limits.Rate, rate},
		{"in_flight", float64(l.Limits.InFlight), inFlight},
		{"connections", float64(l.Limits.Connections), float64(l.Connections.Used())},
		{"targets", float64(l.Limits.Targets), float64(targets)},
		{"kept_bodies", float64(l.Limits.KeptBodies), float64(m.decoders.Kept())},
	}
}
