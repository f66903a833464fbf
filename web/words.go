package web

import (
	"fmt"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/web/chart"
)

// ago says in one unit how long before now t was.
func ago(t, now time.Time) string {
	past := now.Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case past < time.Second:
		return "just now"
	default:
		return span(past) + " ago"
	}
}

// lasting says for how long a state has lasted since t.
func lasting(since, now time.Time) string { return span(max(now.Sub(since), 0)) }

// span prints d in one unit.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%d days", d/day)
	}
}

// until says when t comes, or how long ago it came.
func until(t, now time.Time) string {
	if t.After(now) {
		return "in " + span(t.Sub(now))
	}
	return ago(t, now)
}

// phaseWords says during which phase something happened.
func phaseWords(p errcode.Phase) string {
	return [...]string{
		"after the whole answer",
		"while waiting to be sent",
		"while looking up the host name",
		"while connecting",
		"during the TLS handshake",
		"while sending the request",
		"while waiting for the answer",
		"while receiving the answer",
	}[p]
}

// placeWords says in which phase requests failed.
func placeWords(k numbers.FailureKind) string {
	switch k.Code {
	case errcode.Credentials:
		return "while waiting for a token"
	case errcode.Template:
		return "before sending the request"
	}
	return phaseWords(k.Phase)
}

// stamp prints t for a machine.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// moment prints t. It leaves out today's date.
func moment(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	if t, now := t.UTC(), now.UTC(); t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		return t.Format(time.DateOnly + " 15:04")
	}
	return chart.Clock(t)
}
