package rig_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/bench/rig"
)

func TestQuantilesAreValuesThatOccur(t *testing.T) {
	t.Parallel()
	values := make([]time.Duration, 1000)
	for i := range values {
		values[len(values)-1-i] = time.Duration(i + 1)
	}
	assert.Equal(t, rig.Quantiles{P50: 500, P90: 900, P99: 990, P999: 999, Max: 1000}, rig.QuantilesOf(values))
	assert.Equal(t, rig.Quantiles{P50: 7, P90: 7, P99: 7, P999: 7, Max: 7}, rig.QuantilesOf([]time.Duration{7}))
	assert.Zero(t, rig.QuantilesOf(nil))
}

func TestRounds(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 2.0, rig.Rounds{3, 1, 2}.Median())
	assert.Equal(t, 2.5, rig.Rounds{4, 1, 3, 2}.Median())
	assert.True(t, math.IsNaN(rig.Rounds{}.Median()))
	assert.Equal(t, rig.Rounds{3, 0.5}, rig.Rounds{6, 2}.Over(rig.Rounds{2, 4}), "ratios are taken round by round")
}
