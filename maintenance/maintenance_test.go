package maintenance

import (
	"testing"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func berlin(t *testing.T) *time.Location {
	t.Helper()
	l, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	return l
}

func between(start, end int) timeinterval.TimeInterval {
	return timeinterval.TimeInterval{Times: []timeinterval.TimeRange{{StartMinute: start, EndMinute: end}}}
}

func TestAWindowCoversWhatItSelects(t *testing.T) {
	t.Parallel()
	shop := map[string]string{"team": "shop", "tier": "1"}
	for name, c := range map[string]struct {
		window Window
		want   bool
	}{
		"all":                             {Window{}, true},
		"its name":                        {Window{Targets: []string{"search", "checkout"}}, true},
		"another name":                    {Window{Targets: []string{"search"}}, false},
		"its labels":                      {Window{Labels: map[string]string{"team": "shop"}}, true},
		"another value":                   {Window{Labels: map[string]string{"team": "shop", "tier": "2"}}, false},
		"a label that it does not have":   {Window{Labels: map[string]string{"region": ""}}, true},
		"its name, and labels it has not": {Window{Targets: []string{"checkout"}, Labels: map[string]string{"team": "search"}}, false},
	} {
		assert.Equal(t, c.want, c.window.Covers("checkout", shop), name)
	}
}

func TestAWindowThatComesOnceHasAStartAndAnEnd(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
	w := Window{Start: start, End: start.Add(time.Hour), Location: time.UTC}
	assert.False(t, w.Contains(start.Add(-1)))
	assert.True(t, w.Contains(start))
	assert.True(t, w.Contains(start.Add(time.Hour-1)))
	assert.False(t, w.Contains(start.Add(time.Hour)))
}

// Clocks in Berlin go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
func TestAWindowThatComesAgainFollowsTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	location := berlin(t)
	w := Window{Again: between(2*60, 3*60), Location: location}
	minutes := func(day time.Time) (n int) {
		for at := day; at.Before(day.Add(24 * time.Hour)); at = at.Add(time.Minute) {
			if w.Contains(at) {
				n++
			}
		}
		return n
	}
	assert.Equal(t, 60, minutes(time.Date(2026, 3, 28, 0, 0, 0, 0, location)))
	assert.Equal(t, 0, minutes(time.Date(2026, 3, 29, 0, 0, 0, 0, location)), "there is no such hour")
	assert.Equal(t, 120, minutes(time.Date(2026, 10, 25, 0, 0, 0, 0, location)), "the hour comes twice")

	w.Again = between(60, 4*60)
	assert.Equal(t, 120, minutes(time.Date(2026, 3, 29, 0, 0, 0, 0, location)))
	assert.Equal(t, 240, minutes(time.Date(2026, 10, 25, 0, 0, 0, 0, location)))
}

func TestTheWindowThatStopsBurstsComesBeforeOthers(t *testing.T) {
	t.Parallel()
	all := []Window{
		{Name: "noon", Again: between(12*60, 13*60), Location: time.UTC},
		{Name: "other", Targets: []string{"search"}, Again: between(0, 24*60), Location: time.UTC, Stop: true},
		{Name: "half past", Again: between(12*60+30, 14*60), Location: time.UTC, Stop: true},
	}
	s := For(all, "checkout", nil)
	require.Len(t, s, 2)
	at := func(hour, minute int) time.Time { return time.Date(2026, 3, 4, hour, minute, 10, 0, time.UTC) }
	assert.Nil(t, s.At(at(11, 59)))
	assert.Equal(t, "noon", s.At(at(12, 0)).Name)
	assert.Equal(t, "half past", s.At(at(12, 30)).Name)
	assert.Equal(t, "half past", s.At(at(13, 59)).Name)
	assert.Nil(t, s.At(at(14, 0)))
	assert.Equal(t, at(14, 0).Truncate(time.Minute), s.Until(at(12, 0)), "the second begins before the first ends")
	assert.Nil(t, For(all[1:2], "checkout", nil))
	assert.Zero(t, For(all, "search", nil).Until(at(12, 0)), "it never ends")

	hour := func(h int) time.Time { return at(h, 0).Truncate(time.Minute) }
	once := Schedule{{Start: hour(12), End: hour(13)}, {Start: hour(13), End: hour(14).Add(time.Second)}}
	assert.Equal(t, at(14, 1).Truncate(time.Minute), once.Until(at(12, 10)))
	assert.Equal(t, hour(13), once[:1].Until(at(12, 59)), "the minute of the end is outside")
}
