package command

import (
	"fmt"
	"strconv"
	"time"
)

// shortDuration returns a duration in a fitting unit, or "-" for 0.
func shortDuration(d time.Duration) string {
	switch {
	case d == 0:
		return "-"
	case d < 999500*time.Microsecond: // rounded to three digits, more is 1s
		return fmt.Sprintf("%.3gms", d.Seconds()*1e3)
	case d < 99950*time.Millisecond:
		return fmt.Sprintf("%.3gs", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}

// unit is the common unit of all durations in a table, so that they are easy to compare.
type unit struct {
	name string
	of   time.Duration
}

// secondsFrom is the shortest duration that puts a table into seconds.
const secondsFrom = 10 * time.Second

// unitOf returns the unit of a table with these rows: seconds if one of their durations is long, else milliseconds.
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

// format returns a duration with three significant digits, or "-" for 0.
func (u unit) format(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	const digits = 3
	v := float64(d) / float64(u.of)
	if v < 1000 {
		v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64) // its own output is valid
		return strconv.FormatFloat(v, 'f', -1, 64) + u.name
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + u.name
}
