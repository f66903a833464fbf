package chart

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/prober/numbers"
)

func TestBandsLeaveOutSlicesWithoutLatency(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 5, 6, 12, 0, 0, 0, time.UTC)
	with := func(i int, p50, p95, p99 time.Duration) numbers.Burst {
		return numbers.Burst{Start: at.Add(time.Duration(i) * time.Hour), P50: p50, P95: p95, P99: p99}
	}
	c := OfDays([]numbers.Burst{with(0, time.Millisecond, 2*time.Millisecond, time.Second), with(1, 0, 0, 0), with(2, time.Millisecond, time.Millisecond, time.Millisecond)}, "7 days").Bands()
	assert.Equal(t, "Latency of the last 7 days", c.Title)
	assert.Equal(t, "Last slice: p50 1.00 ms, p95 1.00 ms, p99 1.00 ms.", c.Desc)
	assert.Equal(t, "May 6, 12:00: p50 1.00 ms, p95 2.00 ms, p99 1.00 s", c.Hits[0].Text)
	for _, s := range c.Shapes {
		assert.NotContains(t, s.D, "NaN", s.Class)
		assert.NotContains(t, s.D, "Inf", s.Class)
	}
	assert.Equal(t, "No request has succeeded.", OfDays([]numbers.Burst{with(0, 0, 0, 0)}, "24 hours").Bands().Desc)
	assert.Equal(t, "No request has succeeded.", OfDays(nil, "24 hours").Bands().Desc)
}

func TestAvailabilityIsNeverRoundedUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		failed, of uint64
		want       string
	}{
		{0, 0, "–"}, {0, 10, "100 %"}, {1, 3, "66.66 %"}, {1, 1000, "99.9 %"}, {1, 100_000, "99.999 %"}, {1, 1e9, "99.9999 %"}, {5, 5, "0 %"}, {9, 5, "0 %"},
	} {
		assert.Equal(t, c.want, Availability(c.failed, c.of))
	}
}
