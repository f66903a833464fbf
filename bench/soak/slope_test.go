package main

import (
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// run makes samples of two hours. Their first figure is value at some time.
func run(value func(hours float64) float64) (samples []sample) {
	for at := time.Duration(0); at <= 2*time.Hour; at += 10 * time.Second {
		values := make([]float64, len(figures()))
		values[0] = value(at.Hours())
		samples = append(samples, sample{at, values})
	}
	return samples
}

func TestALineThroughPointsHasTheirSlope(t *testing.T) {
	t.Parallel()
	l := through([]float64{0, 1, 2, 3}, []float64{1, 3, 5, 7})
	assert.InDelta(t, 2, l.slope, 1e-9)
	assert.InDelta(t, 0, l.stray, 1e-9)
	assert.InDelta(t, 3, l.span, 1e-9)
	l = through([]float64{0, 1, 2, 3}, []float64{0, 1, 1, 2}) // worked by hand: the remaining squares are 0.2
	assert.InDelta(t, 0.6, l.slope, 1e-9)
	assert.InDelta(t, 0.1414213562, l.stray, 1e-9)
}

func TestWhatGrowsIsFoundAndWhatOnlyMovesIsNot(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	saw := func(hours float64) float64 { return 20 * (hours*60 - float64(int(hours*60))) }
	for name, tt := range map[string]struct {
		value func(hours float64) float64
		grows bool
	}{
		"the same":                         {func(float64) float64 { return 50 }, false},
		"a warm-up":                        {func(h float64) float64 { return 80 * min(h, 0.2) }, false},
		"the teeth of a saw":               {func(h float64) float64 { return 50 + saw(h) }, false},
		"chance":                           {func(float64) float64 { return 50 + 10*random.Float64() }, false},
		"less than the bound":              {func(h float64) float64 { return 50 + 2*h }, false},
		"a leak":                           {func(h float64) float64 { return 50 + 10*h }, true},
		"a leak behind the teeth of a saw": {func(h float64) float64 { return 50 + 10*h + saw(h) }, true},
		"a leak behind chance":             {func(h float64) float64 { return 50 + 10*h + 10*random.Float64() }, true},
	} {
		growing := judge(io.Discard, run(tt.value), 30*time.Minute)
		if tt.grows {
			assert.Equal(t, []string{"resident memory"}, growing, name)
		} else {
			assert.Empty(t, growing, name)
		}
	}
}

func TestTooFewSamplesAreNotJudged(t *testing.T) {
	t.Parallel()
	samples := run(func(h float64) float64 { return 1000 * h })[:4]
	_, ok := fit(samples, 0, 15*time.Second, 1)
	require.False(t, ok)
	assert.Empty(t, judge(io.Discard, samples, 15*time.Second))
}
