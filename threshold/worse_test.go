package threshold

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAThresholdMaySayByHowMuchWorse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		measure Measure
		limit   float64
		shown   string
	}{
		"p99 worse by 10%":           {P99, 0.1, "p99 worse by 10%"},
		"  p50   worse  by  0.5  % ": {P50, 0.005, "p50 worse by 0.5 %"},
		"p90 worse by 250%":          {P90, 2.5, "p90 worse by 250%"},
		"error_rate worse by 0%":     {ErrorRate, 0, "error_rate worse by 0%"},
	} {
		got, err := Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, WorseBy, got.Op)
		assert.Equal(t, want.measure, got.Measure)
		assert.InDelta(t, want.limit, got.Limit.Value, 1e-12)
		assert.Equal(t, want.shown, got.String())
		again, err := Parse(got.String())
		require.NoError(t, err)
		assert.Equal(t, got, again)
		assert.True(t, got.Breaks(want.limit))
		assert.False(t, got.Breaks(want.limit-0.001))
	}
}

func TestAMistakeInWorseByIsNamed(t *testing.T) {
	t.Parallel()
	const form, limit = "must be p50, p90, p99 or error_rate, the words worse by, and a share, such as p99 worse by 10%", "the limit of p99 must be a share such as 10%"
	for text, want := range map[string]string{
		"p95 worse by 10%": form, "max worse by 10%": form, "canary worse by 10%": form, "worse by 10%": form, "p99 worse 10%": form, "p99 worse by": form,
		"p99 worse than 10%": form, "p99 is worse by 10%": form,
		"p99 worse by 10": limit, "p99 worse by 5ms": limit, "p99 worse by -1%": limit, "p99 worse by 1e9%": limit, "p99 worse by canary": limit,
		"error_rate worse by 101%": "can never be broken",
	} {
		_, err := Parse(text)
		assert.EqualError(t, err, want, text)
	}
}
