package config

import (
	"testing"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/maintenance"
)

func requireWindowsOfTheFullFile(t *testing.T, all []maintenance.Window) {
	t.Helper()
	require.Len(t, all, 2)
	again, once := all[0], all[1]
	ranged := func(begin, end int) timeinterval.InclusiveRange {
		return timeinterval.InclusiveRange{Begin: begin, End: end}
	}
	assert.Equal(t, timeinterval.TimeInterval{
		Times:       []timeinterval.TimeRange{{StartMinute: 22*60 + 30, EndMinute: 24 * 60}, {EndMinute: 30}},
		Weekdays:    []timeinterval.WeekdayRange{{InclusiveRange: ranged(1, 5)}, {InclusiveRange: ranged(0, 0)}},
		DaysOfMonth: []timeinterval.DayOfMonthRange{{InclusiveRange: ranged(1, 7)}, {InclusiveRange: ranged(-1, -1)}},
		Months:      []timeinterval.MonthRange{{InclusiveRange: ranged(12, 12)}, {InclusiveRange: ranged(1, 3)}},
		Years:       []timeinterval.YearRange{{InclusiveRange: ranged(2026, 2028)}},
	}, again.Again)
	assert.Equal(t, "Europe/Berlin", again.Location.String())
	assert.Equal(t, map[string]string{"tier": "1"}, again.Labels)
	assert.False(t, again.Stop)
	assert.Zero(t, again.Start)

	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	assert.True(t, once.Start.Equal(time.Date(2026, 12, 24, 18, 0, 0, 0, newYork)))
	assert.True(t, once.End.Equal(time.Date(2026, 12, 26, 5, 0, 0, 0, time.UTC)))
	assert.Equal(t, []string{"shop/checkout:eu-1_a.b"}, once.Targets)
	assert.True(t, once.Stop)
}

func TestAWindowMayNameATargetThatIsYetToBeFound(t *testing.T) {
	t.Parallel()
	const file = `
discover:
  - {name: found, file_sd_configs: [{files: ['found.json']}], target: {name: '{{ name }}', url: 'http://127.0.0.1/'}}
maintenance:
  - {name: night, times: ['00:00-06:00'], targets: [later]}
`
	c, err := Parse([]byte(file), "prober.yml")
	require.NoError(t, err)
	assert.Equal(t, time.UTC, c.Maintenance[0].Location)
}
