package config

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // images without a time zone database are usual

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/maintenance"
)

// maxWindows bounds the windows of maintenance.
const maxWindows = 1000

// BurstsInMaintenance says what happens to bursts during maintenance.
type BurstsInMaintenance string

// The choices for bursts during maintenance.
const (
	BurstsContinue BurstsInMaintenance = "continue"
	BurstsStop     BurstsInMaintenance = "stop"
)

// window is a window of maintenance as it is written.
type window struct {
	name       string
	start, end string
	again      maintenance.Recurrence
	location   string
	targets    []string
	labels     map[string]string
	bursts     BurstsInMaintenance
}

func windowFields(w *window) form.Section {
	return form.Section{
		form.Key("name", form.Required(form.Text(&w.name, checkName))),
		form.Key("start", form.Text(&w.start, isMoment)),
		form.Key("end", form.Text(&w.end, isMoment)),
		form.Key("times", form.Texts(&w.again.Times, maintenance.CheckTimes)),
		form.Key("weekdays", form.Texts(&w.again.Weekdays, maintenance.CheckWeekday)),
		form.Key("days_of_month", form.Texts(&w.again.DaysOfMonth, maintenance.CheckDayOfMonth)),
		form.Key("months", form.Texts(&w.again.Months, maintenance.CheckMonth)),
		form.Key("years", form.Texts(&w.again.Years, maintenance.CheckYear)),
		form.Key("location", form.Text(&w.location, isLocation)),
		form.Key("targets", form.Texts(&w.targets, checkName)),
		form.Key("labels", labels{&w.labels}),
		form.Key("bursts", form.Choice(&w.bursts, BurstsContinue, BurstsStop)),
	}
}

// momentLayouts are the formats for a moment without a zone of its own.
var momentLayouts = []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"}

// parseMoment reads a moment by the clock of a place, or with a zone of its own (RFC 3339).
func parseMoment(text string, in *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range momentLayouts {
		if t, err := time.ParseInLocation(layout, text, in); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("must be a moment such as 2026-12-24 18:00, or with a zone 2026-12-24T18:00:00+01:00")
}

func isMoment(text string) error {
	_, err := parseMoment(text, time.UTC)
	return err
}

// isLocation refuses Local: the same file would mean other times on another machine.
func isLocation(text string) error {
	if _, err := time.LoadLocation(text); err != nil || text == "Local" {
		return errors.New("must be a time zone such as Europe/Berlin or UTC (IANA Time Zone Database)")
	}
	return nil
}

// windowOf turns the keys of a window into a window. It returns the first mistake in their combination, and the key to
// report it at.
func windowOf(w *window) (out maintenance.Window, key, mistake string) {
	location, err := time.LoadLocation(w.location)
	if err != nil {
		return out, "location", err.Error()
	}
	out = maintenance.Window{Name: w.name, Targets: w.targets, Labels: w.labels, Stop: w.bursts == BurstsStop, Location: location}
	switch once := w.start != "" || w.end != ""; {
	case !once && w.again.IsEmpty():
		return out, "name", "has no time: it needs start and end, or one of times, weekdays, days_of_month, months and years"
	case once && !w.again.IsEmpty():
		return out, "name", "has two kinds of time: use either start and end, or times, weekdays, days_of_month, months and years"
	case !once:
		if out.Again, err = w.again.Interval(); err != nil {
			return out, "name", err.Error()
		}
		return out, "", ""
	case w.start == "":
		return out, "end", "needs start too"
	case w.end == "":
		return out, "start", "needs end too"
	}
	out.Start, _ = parseMoment(w.start, location)
	out.End, _ = parseMoment(w.end, location)
	if !out.Start.Before(out.End) {
		return out, "end", "must be after start"
	}
	return out, "", ""
}

// maintenanceList is the key maintenance.
type maintenanceList struct{ *loader }

func (l maintenanceList) Decode(c form.Cursor, n *yaml.Node) {
	switch {
	case n.Kind != yaml.SequenceNode:
		c.Fail("must be a list, not %s", form.KindName(n))
		return
	case len(n.Content) > maxWindows:
		c.Fail("must have at most %d windows, not %d", maxWindows, len(n.Content))
		return
	}
	for i, item := range n.Content {
		place := c.Item(i, item)
		s := c.Part(targetPlace(place.Path, nameIn(item)), nil)
		var w window
		before := s.Found()
		windowFields(&w).Decode(s.Cursor(item), item)
		if item.Kind != yaml.MappingNode || s.Found() > before {
			continue
		}
		out, key, mistake := windowOf(&w)
		if mistake != "" {
			s.Conflict(mistake, key)
			continue
		}
		l.config.Maintenance = append(l.config.Maintenance, out)
		l.config.windows = append(l.config.windows, w)
		l.windows = append(l.windows, s)
	}
}

// checkWindows finds windows with names of targets that do not exist. With a discovery or a
// pick it checks nothing, because the targets are not all known. A name with a slip would
// leave a target without its window, and nobody would notice before the night of the work.
func (l *loader) checkWindows(targets map[string]*Target, r *form.Report) {
	if len(l.config.Discover) > 0 || l.pick != nil {
		return
	}
	for i, s := range l.windows {
		for _, name := range l.config.windows[i].targets {
			if targets[name] == nil {
				r.Add(s.Spot("targets"), fmt.Sprintf("there is no target %q", name)+closest(name, targets))
			}
		}
	}
}

func (l maintenanceList) Encode() *yaml.Node {
	if len(l.config.windows) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range l.config.windows {
		n.Content = append(n.Content, windowFields(&l.config.windows[i]).Encode())
	}
	return n
}

// Shape implements [form.Value]. It does not say that a window is either single or recurring.
func (maintenanceList) Shape() form.Shape {
	return form.ListOf(windowFields(new(window)).Shape()).With("maxItems", maxWindows)
}

func (l maintenanceList) Reset() { l.config.Maintenance, l.config.windows = nil, nil }
