package web

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/numbers"
)

func comparedSnapshot() *numbers.Snapshot {
	s := hostileSnapshot()
	s.Comparison = &numbers.Comparison{
		With: hostile, Margin: 0.1, Window: 10 * time.Minute, Verdict: "cannot_tell", Needed: 12000, Old: 500, New: 400,
		Quantiles: []numbers.ComparedRow{
			{Quantile: 0.5, Old: 0.1, New: 0.12, Value: 1.2, Low: 1.1, High: 1.3, Verdict: "worse"},
			{Quantile: 0.99, Old: 1, New: math.Inf(1), Value: math.Inf(1), Low: 1, High: math.Inf(1), Verdict: "cannot_tell"},
		},
		Errors: &numbers.ComparedRow{Old: 0.01, New: 0.02, Value: 0.01, Low: -0.01, High: 0.03, Verdict: "cannot_tell"},
	}
	return s
}

func TestTheTargetPageSaysHowItCompares(t *testing.T) {
	t.Parallel()
	page, err := shellOf(t, "").drawTarget(comparedSnapshot(), hostileConfig(), nil, time.Now())
	require.NoError(t, err)
	assert.Contains(t, string(page), "cannot tell, about 12000 requests of each would; p50 1.2 times as slow (1.1 to 1.3); failures &#43;1 points (-1 to &#43;3).")
	assert.NotContains(t, string(page), "<img src=x")
}

func TestTheAPIHasNoNumberForWhatIsNotFinite(t *testing.T) {
	t.Parallel()
	out, err := apiDetailOf(comparedSnapshot(), nil, time.Now())
	require.NoError(t, err)
	c := out.Comparison
	assert.Equal(t, "cannot_tell", c.Verdict)
	assert.InDelta(t, 600, c.WindowSeconds, 0)
	require.Len(t, c.Quantiles, 2)
	assert.Equal(t, apiCompared{0.99, new(1.0), nil, nil, new(1.0), nil, "cannot_tell"}, c.Quantiles[1])
	assert.InDelta(t, 0.01, *c.Errors.Value, 1e-12)
	assert.Nil(t, apiComparisonOf(nil))
}
