package threshold

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAThresholdIsAMeasureAnOperatorAndALimit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		measure Measure
		codes   string
		op      Op
		unit    Unit
		limit   float64
		shown   string
	}{
		"p99 > 500ms":                 {P99, "", Above, Seconds, 0.5, "p99 > 500ms"},
		"p99.9>=1m30s":                {P999, "", AtLeast, Seconds, 90, "p99.9 >= 1m30s"},
		"  max  <=  0.25s  ":          {Max, "", AtMost, Seconds, 0.25, "max <= 0.25s"},
		"mean > 0s":                   {Mean, "", Above, Seconds, 0, "mean > 0s"},
		"error_rate > 1%":             {ErrorRate, "", Above, Share, 0.01, "error_rate > 1%"},
		"error_rate >= 0.5 %":         {ErrorRate, "", AtLeast, Share, 0.005, "error_rate >= 0.5 %"},
		"rate < 95/s":                 {Rate, "", Below, PerSecond, 95, "rate < 95/s"},
		"rate<0.5 /s":                 {Rate, "", Below, PerSecond, 0.5, "rate < 0.5 /s"},
		"code:13.. > 0":               {Code, "13..", Above, Count, 0, "code:13.. > 0"},
		"code:1503 >= 2":              {Code, "1503", AtLeast, Count, 2, "code:1503 >= 2"},
		"code:.... > 10%":             {Code, "....", Above, Share, 0.1, "code:.... > 10%"},
		"dropped > 0":                 {Dropped, "", Above, Count, 0, "dropped > 0"},
		"journeys_failed > 2%":        {JourneysFailed, "", Above, Share, 0.02, "journeys_failed > 2%"},
		"journeys_interrupted > 1000": {JourneysInterrupted, "", Above, Count, 1000, "journeys_interrupted > 1000"},
	} {
		got, err := Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want.measure, got.Measure, text)
		assert.Equal(t, want.codes, got.Codes, text)
		assert.Equal(t, want.op, got.Op, text)
		assert.Equal(t, want.unit, got.Limit.Unit, text)
		assert.InDelta(t, want.limit, got.Limit.Value, 1e-12, text)
		assert.Equal(t, want.shown, got.String())
		again, err := Parse(got.String())
		require.NoError(t, err)
		assert.Equal(t, got, again, "it is read as it is printed")
	}
}

func TestAMistakeSaysWhatIsExpectedAndHoldsNothingOfTheText(t *testing.T) {
	t.Parallel()
	const (
		form     = "must be a measure, one of >, >=, < and <=, and a limit, such as p99 > 500ms"
		measure  = "must begin with p50, p90, p95, p99, p99.9, max, mean, error_rate, rate, code:, dropped, journeys_failed or journeys_interrupted"
		pattern  = "code: must have four digits after it, or dots for any digit, such as code:13.. > 0"
		latency  = "the limit of p99 must be a time such as 500ms or 1.5s"
		share    = "the limit of error_rate must be a share from 0% to 100%, such as 1%"
		rate     = "the limit of rate must be a rate such as 95/s"
		dropped  = "the limit of dropped must be a whole number or a share such as 1%"
		never    = "can never be broken"
		isAlways = "is always broken"
	)
	for text, want := range map[string]string{
		"": form, "p99": form, "p99 = 5s": form, "p99 => 5s": form, "p99 >> 5s": form, "p99 > = 5s": latency, "canary": form,
		"> 5s": measure, "p98 > 5s": measure, "P99 > 5s": measure, "canary > 5s": measure, "code > 5": measure, "p99:1 > 5s": measure, "p99! > 5s": measure,
		"code:13 > 0": pattern, "code:13... > 0": pattern, "code:13xx > 0": pattern, "code: > 0": pattern, "code:0... > 0": pattern, "code:canary > 0": pattern,
		"p99 > ": latency, "p99 > 500": latency, "p99 > -1s": latency, "p99 > 5s 6s": latency, "p99 > canary": latency,
		"error_rate > 0.01": share, "error_rate > 101%": share, "error_rate > -1%": share, "error_rate > NaN%": share, "error_rate > 0x1p0%": share, "error_rate > %": share,
		"rate < 95": rate, "rate < inf/s": rate, "rate < 95/m": rate, "rate < 1e999/s": rate,
		"dropped > 0.5": dropped, "dropped > -1": dropped, "dropped > 99999999999999999999": dropped,
		"dropped < 0": never, "error_rate > 100%": never, "p99 < 0s": never,
		"dropped >= 0": isAlways, "error_rate <= 100%": isAlways,
	} {
		_, err := Parse(text)
		if assert.Error(t, err, text) {
			assert.Equal(t, want, err.Error(), text)
		}
	}
}

func TestAThresholdIsBrokenWhereItHolds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]bool{ // at 1, 2 and 3 seconds
		"max > 2s": {false, false, true}, "max >= 2s": {false, true, true},
		"max < 2s": {true, false, false}, "max <= 2s": {true, true, false},
	} {
		limit, err := Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, [3]bool{limit.Breaks(1), limit.Breaks(2), limit.Breaks(3)}, text)
	}
}

func TestADotStandsForAnyDigitOfACode(t *testing.T) {
	t.Parallel()
	for pattern, codes := range map[string]map[int]bool{
		"13..": {1300: true, 1399: true, 1400: false, 0: false, 13: false},
		"1503": {1503: true, 1504: false},
		"....": {1000: true, 2099: true, 0: false},
	} {
		limit, err := Parse("code:" + pattern + " > 0")
		require.NoError(t, err)
		for code, want := range codes {
			assert.Equal(t, want, limit.Counts(code), "%s of %d", pattern, code)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"p99 > 500ms", "code:13.. >= 1%", "rate<95/s", "error_rate > 1 %", "<"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		limit, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(limit.String())
		require.NoError(t, err)
		require.Equal(t, limit, again)
		require.False(t, strings.ContainsAny(limit.String(), "\n\x00"))
	})
}
