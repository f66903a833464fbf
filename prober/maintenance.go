package prober

import (
	"sync/atomic"
	"time"

	"example.com/prober/config"
	"example.com/prober/maintenance"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// windows are the maintenance windows of a target. They can change with the configuration while the target does
// not.
type windows struct {
	schedule atomic.Pointer[maintenance.Schedule]
}

// at returns the window around a moment, or nil. w may be nil.
func (w *windows) at(now time.Time) *maintenance.Window {
	if w == nil {
		return nil
	}
	if s := w.schedule.Load(); s != nil {
		return s.At(now)
	}
	return nil
}

// shown returns the maintenance for a snapshot: nil if no window is for the target. It computes the end only if
// withEnd is set, because that takes a while. w may be nil.
func (w *windows) shown(withEnd bool) *numbers.Maintenance {
	if w == nil {
		return nil
	}
	s := w.schedule.Load()
	if s == nil {
		return nil
	}
	shown, now := new(numbers.Maintenance), time.Now()
	if in := s.At(now); in != nil {
		shown.Window, shown.Stops = in.Name, in.Stop
		if withEnd {
			shown.Until = s.Until(now)
		}
	}
	return shown
}

// maintain gives the running targets their windows; mu is held.
func (m *Manager) maintain(cfg *config.Config) {
	for _, e := range m.entries {
		var s *maintenance.Schedule
		if all := maintenance.For(cfg.Maintenance, e.cfg.Name, e.cfg.Labels); all != nil {
			s = &all
		}
		e.windows.schedule.Store(s)
	}
}

// rest counts a slot without a burst because of maintenance, and returns the time until the next slot. ok is
// false if no such maintenance is in force.
func (t *target) rest(grid load.Slots, due probe.Instant) (wait time.Duration, ok bool) {
	now := t.wall()
	if w := t.windows.at(now); w == nil || !w.Stop {
		return 0, false
	}
	t.recorder.Rest(now)
	wait, missed := grid.Next(now, t.boot().Sub(due))
	t.recorder.Skip(load.SkipLate, missed)
	return wait, true
}
