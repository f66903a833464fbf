package slo

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
)

var update = flag.Bool("update", false, "write the files of testdata")

const source = `
targets:
  - {name: shop/Checkout, url: 'http://h/', objective: {availability: 99.9, latency: 300ms, window: 28d}}
  - {name: shop-checkout, url: 'http://h/', objective: {availability: 99, latency: 1s}}
  - {name: of-no-objective, url: 'http://h/'}
  - {name: '...', url: 'dns://h', dns: {name: h.example}, objective: {availability: 95}}
metrics: {buckets: [0.3, 1, 5]}
`

func TestFilesOfObjectives(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse([]byte(source), "prober.yml")
	require.NoError(t, err)
	o := Options{Matchers: `job="prober",location="east"`}
	sloth, err := Sloth(cfg.Targets, o)
	require.NoError(t, err)
	pyrra, err := Pyrra(cfg.Targets, &cfg.Metrics, Options{})
	require.NoError(t, err)
	for name, got := range map[string][]byte{"testdata/sloth.yml": sloth, "testdata/pyrra.yml": pyrra} {
		if *update {
			require.NoError(t, os.WriteFile(name, got, 0o600))
		}
		want, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "%s; -update writes it", name)
	}
}

func TestALatencyWithoutABucketTakesNativeOnes(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse([]byte("targets: [{name: a, url: 'http://h/', objective: {availability: 99, latency: 333ms}}]"), "prober.yml")
	require.NoError(t, err)
	pyrra, err := Pyrra(cfg.Targets, &cfg.Metrics, Options{})
	require.NoError(t, err)
	assert.Contains(t, string(pyrra), "latencyNative:\n      latency: 333ms\n")
}

func TestATargetNeedsAnObjective(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse([]byte("targets: [{name: a, url: 'http://h/'}]"), "prober.yml")
	require.NoError(t, err)
	_, err = Sloth(cfg.Targets, Options{})
	require.ErrorIs(t, err, errNone)
	_, err = Pyrra(cfg.Targets, &cfg.Metrics, Options{})
	require.ErrorIs(t, err, errNone)
}
