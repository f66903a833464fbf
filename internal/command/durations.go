package command

import (
	"fmt"
	"strconv"
	"time"
)

// shortDuration returns a duration in the unit that suits it, or "-" for 0.
func shortDuration(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < 999500*time.Microsecond: // three digits of more are 1s
		return fmt.Sprintf("%.3gms", d.Seconds()*1e3)
	case d < 99950*time.Millisecond:
		return fmt.Sprintf("%.3gs", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}

// unit is what all durations of a table are in, so that they compare at a glance.
type unit struct {
	name string
	of   time.Duration
}

// secondsFrom is the longest duration of a table from which on it is in seconds.
const secondsFrom = 10 * time.Second

// unitOf returns the unit of a table with these rows: milliseconds or, where one of their
// durations is long, seconds.
func unitOf[R any](rows []R, durations func(*R) []time.Duration) unit {
	for i := range rows {
		for _, d := range durations(&rows[i]) {
			if d >= secondsFrom {
				return unit{"s", time.Second}
			}
		}
	}
	return unit{"ms", time.Millisecond}
}

// format returns a duration with three digits that count, or "-" for 0.
func (u unit) format(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	const digits = 3
	v := float64(d) / float64(u.of)
	if v < 1000 {
		v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64) // it reads what it has written
		return strconv.FormatFloat(v, 'f', -1, 64) + u.name
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + u.name
}
