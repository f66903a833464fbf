package chart

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPercentNeverRoundsToNothingOrEverything(t *testing.T) {
	t.Parallel()
	for want, share := range map[string][2]uint64{
		"0 %": {0, 10}, "<1 %": {1, 1000}, "1 %": {10, 1000}, "50 %": {1, 2}, "99 %": {990, 1000}, ">99 %": {999, 1000}, "100 %": {5, 5}, Dash: {0, 0},
	} {
		assert.Equal(t, want, Percent(share[0], share[1]))
	}
}

func TestLatencyHasThreeDigitsAtMost(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		Dash: 0, "9.5 µs": 9500, "51 µs": 51 * time.Microsecond, "1.23 ms": 1234 * time.Microsecond,
		"12 ms": 12345 * time.Microsecond, "999 ms": 999 * time.Millisecond, "1.09 s": 1090 * time.Millisecond,
	} {
		assert.Equal(t, want, Latency(d))
	}
}

func TestNumbersAreGroupedAndBytesHaveUnits(t *testing.T) {
	t.Parallel()
	for want, n := range map[string]uint64{"0": 0, "999": 999, "1\u202f000": 1000, "12\u202f345\u202f678": 12345678} {
		assert.Equal(t, want, Number(n))
	}
	for want, n := range map[string]uint64{"0 B": 0, "1023 B": 1023, "1.0 KiB": 1024, "1.5 MiB": 3 << 19, "16.0 EiB": 1<<64 - 1} {
		assert.Equal(t, want, Size(n))
	}
	assert.Equal(t, "1 request", Plural(1, "request"))
	assert.Equal(t, "2 requests", Plural(2, "request"))
}
