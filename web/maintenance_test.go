package web

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/numbers"
)

func TestThePageOfATargetSaysThatItIsUnderMaintenance(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		maintenance *numbers.Maintenance
		want        string
	}{
		"that stops bursts":    {&numbers.Maintenance{Window: "move", Stops: true, Until: now.Add(time.Hour)}, "Under maintenance, by the window <b>move</b>, until <time datetime=\"2026-03-04T10:30:00Z\">"},
		"that lets them go on": {&numbers.Maintenance{Window: "night"}, "by the window <b>night</b>. Bursts go on, and nobody is alerted."},
		"that is not now":      {new(numbers.Maintenance), ""},
		"none":                 {nil, ""},
	} {
		s := hostileSnapshot()
		s.Maintenance = c.maintenance
		page, err := shellOf(t, "").drawTarget(s, hostileConfig(), nil, now)
		require.NoError(t, err)
		if c.want == "" {
			assert.NotContains(t, string(page), "Under maintenance", name)
			continue
		}
		assert.Contains(t, string(page), c.want, name)
	}
	assert.Nil(t, apiMaintenanceOf(new(numbers.Maintenance)))
	assert.Nil(t, apiMaintenanceOf(nil))
}

func TestATargetThatRestsIsNotHeldForStalled(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)
	s := &numbers.Snapshot{About: numbers.About{Interval: time.Minute}}
	s.Bursts, s.LastStart = 10, now.Add(-2*time.Hour)
	assert.True(t, isStale(s, now))
	s.LastRest = now.Add(-30 * time.Second)
	assert.False(t, isStale(s, now))
	s.LastRest = now.Add(-time.Hour)
	assert.True(t, isStale(s, now), "no burst has started since maintenance ended")
}
