package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// dash stands where nothing was measured.
const dash = "–"

// percent never rounds to nothing or to everything.
func percent(n, of uint64) string {
	share := 100 * float64(n) / float64(of)
	switch {
	case of == 0:
		return dash
	case n < of && share > 99:
		return ">99 %"
	case n > 0 && share < 1:
		return "<1 %"
	default:
		return fmt.Sprintf("%.0f %%", share)
	}
}

// latency prints d with three digits at most, a dash where nothing was measured.
func latency(d time.Duration) string {
	switch {
	case d == 0:
		return dash
	case d < 10*time.Microsecond:
		return fmt.Sprintf("%.1f µs", d.Seconds()*1e6)
	case d < time.Millisecond:
		return fmt.Sprintf("%.0f µs", d.Seconds()*1e6)
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1e3)
	default:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
}

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

// lasting says for how long it has been so since t.
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

// number groups the digits of n by thin spaces.
func number(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// size prints a number of bytes.
func size(n uint64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	power := min(int(math.Log2(float64(n))/10), len(units))
	return fmt.Sprintf("%.1f %ciB", float64(n)/math.Exp2(float64(10*power)), units[power-1])
}

// plural puts a number before a noun.
func plural(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// phaseWords says what happens in a phase.
func phaseWords(p errcode.Phase) string {
	return [...]string{
		"after the whole answer",
		"while it waited to be sent",
		"while its host name was looked up",
		"while it connected",
		"in the TLS handshake",
		"while the request was sent",
		"while it waited for the answer",
		"while the answer was received",
	}[p]
}

// placeWords says what happened when requests failed.
func placeWords(k numbers.FailureKind) string {
	switch k.Code {
	case errcode.Credentials:
		return "while it waited for a token"
	case errcode.Template:
		return "before it was sent"
	}
	return phaseWords(k.Phase)
}

// clock prints the time of day in UTC.
func clock(t time.Time) string { return t.UTC().Format(time.TimeOnly) }

// stamp prints t for a machine.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// moment prints t, the date only if it is not that of now.
func moment(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	if t, now := t.UTC(), now.UTC(); t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		return t.Format(time.DateOnly + " 15:04")
	}
	return clock(t)
}
