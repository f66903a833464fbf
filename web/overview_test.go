package web

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober"
)

func TestTargetsWithTheOldestTroubleComeFirst(t *testing.T) {
	t.Parallel()
	now := time.Now()
	rows := rowsByTrouble([]prober.Status{
		{Name: "well", Bursts: 3, LastSuccess: now},
		{Name: "just started"},
		{Name: "failing since a minute", Bursts: 3, Failing: true, LastSuccess: now.Add(-time.Minute)},
		{Name: "failing since an hour", Bursts: 3, Failing: true, LastSuccess: now.Add(-time.Hour)},
		{Name: "never well, its next burst has begun", Bursts: 3},
		{Name: "never well", Bursts: 3, Failing: true},
		{Name: "well too", Bursts: 3, LastSuccess: now.Add(-time.Hour)},
	})
	var names []string
	for _, r := range rows {
		names = append(names, r.State.String()+": "+r.Name)
	}
	assert.Equal(t, []string{
		"failing: never well, its next burst has begun",
		"failing: never well",
		"failing: failing since an hour",
		"failing: failing since a minute",
		"waiting: just started",
		"ok: well",
		"ok: well too",
	}, names)
	assert.Equal(t, 4, countFailing(rows))
}

func TestOverviewShowsCodesInWords(t *testing.T) {
	t.Parallel()
	rows := rowsByTrouble([]prober.Status{{
		Name: "shop", URL: "http://shop.example/<script>", Requests: 1000, Dropped: 7, Bursts: 1, Failing: true, P50: 1234 * time.Microsecond,
		Codes: []prober.CodeCount{{Code: errcode.OK, Count: 999}, {Code: errcode.Refused, Count: 1}},
	}})
	var page strings.Builder
	require.NoError(t, overviewTemplate.Execute(&page, map[string]any{"Targets": rows, "Failing": 1, "Version": "", "TelemetryPath": "/metrics"}))
	for _, text := range []string{
		"1 of 1 targets had failures", ">failing<", "7 dropped", ">1.23 ms<", ">–<",
		"0 ok: 999 (&gt;99 %)", "1212 refused: 1 (&lt;1 %)<small>connection refused</small>",
		"http://shop.example/&lt;script&gt;", "last without failure: never",
	} {
		assert.Contains(t, page.String(), text)
	}
}

func TestPercentNeverRoundsToNothingOrEverything(t *testing.T) {
	t.Parallel()
	for want, share := range map[string][2]uint64{
		"0 %": {0, 10}, "<1 %": {1, 1000}, "1 %": {10, 1000}, "50 %": {1, 2}, "99 %": {990, 1000}, ">99 %": {999, 1000}, "100 %": {5, 5},
	} {
		assert.Equal(t, want, percent(share[0], share[1]))
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for want, past := range map[string]time.Duration{
		"just now": 999 * time.Millisecond, "1 s ago": time.Second, "119 s ago": 2*time.Minute - 1,
		"2 min ago": 2 * time.Minute, "2 h ago": 2 * time.Hour, "47 h ago": 47 * time.Hour, "3 days ago": 80 * time.Hour,
	} {
		assert.Equal(t, want, ago(now.Add(-past), now))
	}
	assert.Equal(t, "never", ago(time.Time{}, now))
}

func TestLatencyHasThreeDigitsAtMost(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"–": 0, "0.05 ms": 51 * time.Microsecond, "12 ms": 12345 * time.Microsecond, "999 ms": 999 * time.Millisecond, "1.09 s": 1090 * time.Millisecond,
	} {
		assert.Equal(t, want, latency(d))
	}
}
