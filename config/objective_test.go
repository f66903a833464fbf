package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestObjectivesAreThoseOfTheTargetOrOfTheDefaults(t *testing.T) {
	t.Parallel()
	cfg, err := Parse([]byte(`
defaults: {objective: {availability: 99.9}}
targets:
  - {name: as-defaults-say, url: 'http://h/'}
  - {name: with-latency, url: 'tcp://h:1', objective: {latency: 300ms}}
  - {name: of-its-own, url: 'dns://h', dns: {name: h.example}, objective: {availability: 95, latency: 2s, window: 7d}}
`), "prober.yml")
	require.NoError(t, err)
	var got []Objective
	for _, target := range cfg.Targets {
		got = append(got, *target.Objective)
	}
	assert.Equal(t, []Objective{
		{Availability: 99.9},
		{Availability: 99.9, Latency: 300 * time.Millisecond},
		{Availability: 95, Latency: 2 * time.Second, Window: 7 * 24 * time.Hour},
	}, got)
	assert.InDelta(t, 0.999, cfg.Targets[0].Objective.Ratio(), 0)
	assert.Zero(t, (*Objective)(nil).Ratio())
	assert.Zero(t, (*Objective)(nil).Duration())
	assert.Equal(t, 30*24*time.Hour, cfg.Targets[0].Objective.Budget())
	assert.Equal(t, 7*24*time.Hour, cfg.Targets[2].Objective.Budget())
	assert.Zero(t, (*Objective)(nil).Budget())
}

func TestAMistakeInAnObjectiveIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{latency: 300ms}":                   "objective.availability: missing",
		"{availability: 100}":                "objective.availability: must be at most 99.9999",
		"{availability: 0.5}":                "objective.availability: must be at least 1",
		"{availability: 99, latency: 0s}":    "objective.latency: must be above 0",
		"{availability: 99, window: 59m}":    "objective.window: must be at least 1h",
		"{availability: 99, window: 91d}":    "objective.window: must be at most",
		"{availability: high, latency: 5ms}": "objective.availability: must be a number",
	} {
		_, err := Parse([]byte("targets: [{name: a, url: 'http://h/', objective: "+text+"}]"), "prober.yml")
		assert.ErrorContains(t, err, want, text)
	}
}
