// Package maintenance says when targets are under maintenance. A window is one span of time, or comes again by the
// local clock of a place: by minutes of the day, weekdays, days of the month, months and years. The package of
// Alertmanager's time intervals decides, so both mean the same.
package maintenance

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"
)

// Window is a time of maintenance for some targets.
type Window struct {
	// Name says what it is for.
	Name string
	// Targets are names of targets, and Labels are labels of targets. If both are empty, the window is for all targets. If
	// both are set, it is for targets that both select.
	Targets []string
	Labels  map[string]string
	// Stop means that no burst starts meanwhile.
	Stop bool
	// Location is the place for the local clock.
	Location *time.Location
	// Start and End bound a window that comes once: Start is within, End is not. Both are zero for a window that comes
	// again.
	Start, End time.Time
	// Again is for a window that comes again. The window is on whenever all parts set in Again hold.
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

// Contains reports whether a moment is within the window. When clocks are put forward, the skipped time is within no
// window that comes again. When they are put back, the repeated time is within it both times.
func (w *Window) Contains(t time.Time) bool {
	if !w.Start.IsZero() {
		return !t.Before(w.Start) && t.Before(w.End)
	}
	return w.Again.ContainsTime(t.In(w.Location))
}

// Schedule are the windows of one target, in the order of the file.
type Schedule []*Window

// For returns the windows for a target, or nil without any.
func For(all []Window, name string, labels map[string]string) (s Schedule) {
	for i := range all {
		if all[i].Covers(name, labels) {
			s = append(s, &all[i])
		}
	}
	return s
}

// At returns the window around a moment, or nil. Of several it returns one that stops bursts, or else the first.
func (s Schedule) At(t time.Time) (in *Window) {
	for _, w := range s {
		if (in == nil || w.Stop && !in.Stop) && w.Contains(t) {
			in = w
		}
	}
	return in
}

// fullMinute returns the next full minute after t.
func fullMinute(t time.Time) time.Time { return t.Truncate(time.Minute).Add(time.Minute) }

// horizon is how far ahead [Schedule.Until] looks.
const horizon = 8 * 24 * time.Hour

// Until returns the end of the maintenance at t: the first full minute outside all windows. It is zero if the end is
// more than eight days away.
func (s Schedule) Until(t time.Time) time.Time {
	end := t.Add(horizon)
	for t = fullMinute(t); t.Before(end); {
		switch in := s.At(t); {
		case in == nil:
			return t
		case in.Start.IsZero():
			t = t.Add(time.Minute)
		default: // the end is known
			t = fullMinute(in.End.Add(-1))
		}
	}
	return time.Time{}
}
