package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Dash stands for a missing value.
const Dash = "–"

// Percent prints a share. It never rounds to 0 % or to 100 %.
func Percent(n, of uint64) string {
	share := 100 * float64(n) / float64(of)
	switch {
	case of == 0:
		return Dash
	case n < of && share > 99:
		return ">99 %"
	case n > 0 && share < 1:
		return "<1 %"
	default:
		return fmt.Sprintf("%.0f %%", share)
	}
}

// Availability prints the share of requests without a failure among all that ended. It cuts digits and never rounds up,
// so 100 % means no failures.
func Availability(failed, of uint64) string {
	if of == 0 {
		return Dash
	}
	share := float64(of-min(failed, of)) / float64(of)
	digits := 2
	for digits < 4 && failed > 0 && 100*(1-share) < math.Pow(10, float64(1-digits)) {
		digits++
	}
	power := math.Pow(10, float64(digits))
	return strconv.FormatFloat(math.Floor(100*share*power)/power, 'f', -1, 64) + " %"
}

// Latency prints d with at most three digits. It prints a dash for 0.
func Latency(d time.Duration) string {
	switch {
	case d == 0:
		return Dash
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

// Number groups the digits of n by thin spaces.
func Number(n uint64) string {
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

// Size prints a number of bytes.
func Size(n uint64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	power := min(int(math.Log2(float64(n))/10), len(units))
	return fmt.Sprintf("%.1f %ciB", float64(n)/math.Exp2(float64(10*power)), units[power-1])
}

// Plural puts a number before a noun.
func Plural(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// Clock prints the time of day in UTC.
func Clock(t time.Time) string { return t.UTC().Format(time.TimeOnly) }
