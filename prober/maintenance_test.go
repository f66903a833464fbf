package prober

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/maintenance"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
)

func during(start, end int, place string, stop bool) *maintenance.Schedule {
	location, err := time.LoadLocation(place)
	if err != nil {
		panic(err) // the zones are part of the program
	}
	again := timeinterval.TimeInterval{Times: []timeinterval.TimeRange{{StartMinute: 60 * start, EndMinute: 60 * end}}}
	return &maintenance.Schedule{{Name: "night", Again: again, Location: location, Stop: stop}}
}

// In the year 2000 clocks in Berlin went forward on March 26th, and back on October 29th.
func TestMaintenanceStopsBurstsByTheClockOnTheWall(t *testing.T) {
	for name, c := range map[string]struct {
		month           time.Month
		day             int
		stop            bool
		bursts, skipped uint64
	}{
		"a day of 24 hours":       {time.March, 25, true, 1440 - 60, 60},
		"a day of 23 hours":       {time.March, 26, true, 1380, 0},
		"a day of 25 hours":       {time.October, 29, true, 1500 - 120, 120},
		"a window that only says": {time.March, 25, false, 1440, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				windows := &windows{}
				windows.schedule.Store(during(2, 3, "Europe/Berlin", c.stop))
				midnight := func(day int) time.Time { return time.Date(2000, c.month, day, 0, 0, 0, 0, windows.at0(t)) }
				time.Sleep(time.Until(midnight(c.day)))
				cfg := testConfig(config.Burst{Requests: 1})
				cfg.Interval = time.Minute
				target := testTarget(cfg, newFakeEngine(takes(time.Millisecond)))
				target.windows = windows
				runFor(t, target, midnight(c.day+1).Sub(midnight(c.day)))
				s := conserved(t, target.recorder)
				assert.Equal(t, c.bursts, s.Bursts)
				assert.Equal(t, c.skipped, s.Skipped[load.SkipMaintenance])
				assert.Zero(t, s.Skipped.Overrun()+s.Skipped.Late())
				assert.Equal(t, c.skipped == 0, s.LastRest.IsZero())
			})
		})
	}
}

// at0 returns the place of the first window.
func (w *windows) at0(t *testing.T) *time.Location {
	t.Helper()
	return (*w.schedule.Load())[0].Location
}

func TestMaintenanceComesAndGoesWithTheConfiguration(t *testing.T) {
	t.Parallel()
	m := newTestManager(t)
	checkout, search := quiet("checkout"), quiet("search")
	checkout.Labels = map[string]string{"team": "shop"}
	cfg := &config.Config{Targets: []config.Target{checkout, search}}
	state := func(name string) *numbers.Maintenance {
		s, ok := m.Target(name)
		require.True(t, ok)
		return s.Maintenance
	}
	require.NoError(t, m.Apply(cfg))
	before := m.entries["checkout"].run
	assert.Nil(t, state("checkout"))

	window := *(*during(0, 24, "UTC", false))[0]
	window.Labels = checkout.Labels
	cfg.Maintenance = []maintenance.Window{window}
	require.NoError(t, m.Apply(cfg))
	assert.Equal(t, &numbers.Maintenance{Window: "night"}, state("checkout"))
	assert.Nil(t, state("search"))
	assert.Same(t, before, m.entries["checkout"].run, "it goes on")

	cfg.Maintenance[0].Start = time.Now().Add(-2 * time.Hour)
	cfg.Maintenance[0].End = time.Now().Add(-time.Hour)
	require.NoError(t, m.Apply(cfg))
	assert.Equal(t, new(numbers.Maintenance), state("checkout"), "it is over")

	cfg.Maintenance = nil
	require.NoError(t, m.Apply(cfg))
	assert.Nil(t, state("checkout"))
}
