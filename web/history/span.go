package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Span is the length of a history.
type Span time.Duration

// The spans on a page.
const (
	Day   = Span(24 * time.Hour)
	Week  = 7 * Day
	Month = 30 * Day
)

// Spans returns the spans on a page and the window of an objective, if it has one, the shortest first.
func Spans(window time.Duration) []Span {
	all := []Span{Day, Week, Month}
	if w := Span(window); w > 0 && !slices.Contains(all, w) {
		all = append(all, w)
		slices.SortFunc(all, cmp.Compare)
	}
	return all
}

// String returns the span as in a query: 24h, 7d.
func (s Span) String() string {
	d := time.Duration(s)
	switch {
	case s > Day && s%Day == 0:
		return fmt.Sprintf("%dd", s/Day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return d.String()
	}
}

// Words returns the span in words: 24 hours, 7 days.
func (s Span) Words() string {
	switch d := time.Duration(s); {
	case s > Day && s%Day == 0:
		return fmt.Sprintf("%d days", s/Day)
	case d == time.Hour:
		return "1 hour"
	case d%time.Hour == 0:
		return fmt.Sprintf("%d hours", d/time.Hour)
	default:
		return d.String()
	}
}

// maxSlices is the largest number of slices of a span: as many as a chart has columns.
const maxSlices = 48

// slice returns the length of a slice of the span. It is a round length of at least some minutes, so that a slice has
// samples.
func (s Span) slice() time.Duration {
	for _, d := range []time.Duration{
		5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
		16 * time.Hour, 24 * time.Hour,
	} {
		if time.Duration(s) <= maxSlices*d {
			return d
		}
	}
	return 48 * time.Hour
}

// lifetime returns how long a read of a span counts as new. It is a fraction of the span:
// within it the newest column of a chart changes little.
func (s Span) lifetime() time.Duration {
	return min(max(time.Duration(s)/1440, time.Minute), 15*time.Minute)
}
