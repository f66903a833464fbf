// Package maintenance says when targets are under maintenance. A window is one span of time, or comes
// again by the clock on the wall of a place: by minutes of the day, weekdays, days of the month,
// months and years, as the time intervals of Alertmanager do, whose package decides.
package maintenance

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"
)

// Window is a time in which some targets are under maintenance.
type Window struct {
	// Name says what it is for.
	Name string
	// Targets are the names of those that it is for, Labels what they have. Where both are empty
	// it is for all; where both are set, for those that both select.
	Targets []string
	Labels  map[string]string
	// Stop means that no burst starts meanwhile.
	Stop bool
	// Location is the place whose clock counts.
	Location *time.Location
	// Start and End are those of a window that comes once: Start is within, End is not. Both are zero for one
	// that comes again.
	Start, End time.Time
	// Again says when a window is that comes again: whenever all that is set in it holds.
	Again timeinterval.TimeInterval
}

// Covers reports whether the window is for a target.
func (w *Window) Covers(name string, labels map[string]string) bool {
	if len(w.Targets) > 0 && !slices.Contains(w.Targets, name) {
		return false
	}
	for label, value := range maps.All(w.Labels) {
		if labels[label] != value {
			return false
		}
	}
	return true
}

// Contains reports whether a moment is within the window. When clocks are put forward, the time that is left
// out is within no window that comes again. When they are put back, the time that comes twice is
// within it both times.
func (w *Window) Contains(t time.Time) bool {
	if !w.Start.IsZero() {
		return !t.Before(w.Start) && t.Before(w.End)
	}
	return w.Again.ContainsTime(t.In(w.Location))
}

// Schedule are the windows of one target, in the order of the file.
type Schedule []*Window

// For returns the windows that are for a target: nil for none.
func For(all []Window, name string, labels map[string]string) (s Schedule) {
	for i := range all {
		if all[i].Covers(name, labels) {
			s = append(s, &all[i])
		}
	}
	return s
}

// At returns the window that a moment is within, or nil. Of several it is one that stops bursts, if
// one does, and else the first.
func (s Schedule) At(t time.Time) (in *Window) {
	for _, w := range s {
		if (in == nil || w.Stop && !in.Stop) && w.Contains(t) {
			in = w
		}
	}
	return in
}

// fullMinute returns the next one after t.
func fullMinute(t time.Time) time.Time { return t.Truncate(time.Minute).Add(time.Minute) }

// horizon is how far ahead [Schedule.Until] looks.
const horizon = 8 * 24 * time.Hour

// Until returns when the maintenance that goes on at t ends: the first full minute outside of all windows. It
// is zero where that is more than eight days away.
func (s Schedule) Until(t time.Time) time.Time {
	end := t.Add(horizon)
	for t = fullMinute(t); t.Before(end); {
		switch in := s.At(t); {
		case in == nil:
			return t
		case in.Start.IsZero():
			t = t.Add(time.Minute)
		default: // its end is known
			t = fullMinute(in.End.Add(-1))
		}
	}
	return time.Time{}
}
