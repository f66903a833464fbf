package web

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

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
	assert.Equal(t, "in 3 days", until(now.Add(80*time.Hour), now))
	assert.Equal(t, "2 h ago", until(now.Add(-2*time.Hour), now))
}

func TestMomentsOfOtherDaysHaveADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 5, 6, 12, 0, 0, 0, time.UTC)
	assert.Equal(t, "11:59:00", moment(now.Add(-time.Minute), now))
	assert.Equal(t, "2030-05-05 12:00", moment(now.AddDate(0, 0, -1), now))
	assert.Equal(t, "never", moment(time.Time{}, now))
}

func TestEveryPhaseHasAColour(t *testing.T) {
	t.Parallel()
	style, err := os.ReadFile("static/style.css")
	require.NoError(t, err)
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		assert.Equal(t, 2, strings.Count(string(style), "--"+p.String()+": "), "%s: one for each theme", p)
		assert.Contains(t, string(style), ".phase-"+p.String()+" { fill: var(--"+p.String()+"); }")
		assert.Contains(t, string(style), ".key-phase-"+p.String()+" { background: var(--"+p.String()+"); }")
	}
}

func TestEveryPhaseAndRangeHasWords(t *testing.T) {
	t.Parallel()
	for p := range errcode.Phase(errcode.NumPhases) {
		assert.NotEmpty(t, phaseWords(p))
		assert.Equal(t, phaseWords(p), placeWords(numbers.FailureKind{Code: errcode.Refused, Phase: p}))
		assert.Equal(t, "while waiting for a token", placeWords(numbers.FailureKind{Code: errcode.Credentials, Phase: p}))
	}
	for c := range errcode.All() {
		_, ok := rangeWords(c.Range())
		assert.True(t, ok, c)
		assert.NotEqual(t, "Unknown", rangeName(c.Range()), c)
	}
}
