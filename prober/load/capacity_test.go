package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCapacityIsTheRateTimesTheTimeOfAnAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		capacity Capacity
		needs    int
		isShort  bool
		words    string
	}{
		{Capacity{50, 400 * time.Millisecond, 5}, 20, true, "50/s × 0.40 s needs 20 workers, has 5"},
		{Capacity{50, 400 * time.Millisecond, 20}, 20, false, "50/s × 0.40 s needs 20 workers, has 20"},
		{Capacity{50, 401 * time.Millisecond, 20}, 20, false, "50/s × 0.40 s needs 20 workers, has 20"},
		{Capacity{50, 406 * time.Millisecond, 20}, 21, true, "50/s × 0.41 s needs 21 workers, has 20"},
		{Capacity{50, 64_123 * time.Microsecond, 3}, 4, true, "50/s × 0.064 s needs 4 workers, has 3"},
		{Capacity{50000, 123 * time.Microsecond, 3}, 6, true, "50000/s × 0.00012 s needs 6 workers, has 3"},
		{Capacity{1000, 3 * time.Millisecond, 1}, 3, true, "1000/s × 0.003 s needs 3 workers, has 1"},
		{Capacity{0.5, time.Second, 1}, 1, false, "0.5/s × 1.00 s needs 1 worker, has 1"},
		{Capacity{50, 0, 5}, 0, false, "50/s × 0 s needs 0 workers, has 5"},
		{Capacity{}, 0, false, "0/s × 0 s needs 0 workers, has 0"},
	} {
		assert.Equal(t, c.needs, c.capacity.Needs(), c.words)
		assert.Equal(t, c.isShort, c.capacity.IsShort(), c.words)
		assert.Equal(t, c.words, c.capacity.String())
	}
}

func TestATargetAsSlowAsItsTimeoutNeedsTheMostWorkers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		burst Burst
		want  Capacity
	}{
		"open":                             {Burst{Rate: 50, Duration: 3 * time.Second, Concurrency: 5}, Capacity{50, 2 * time.Second, 5}},
		"stages have their highest rate":   {Burst{Stages: []Stage{{time.Second, 80}, {time.Second, 10}}, Concurrency: 5}, Capacity{80, 2 * time.Second, 5}},
		"no more requests than workers":    {Burst{Rate: 50, Requests: 5, Concurrency: 5}, Capacity{}},
		"closed: there is no rate to meet": {Burst{Requests: 500, Concurrency: 5}, Capacity{}},
	} {
		target := Target{Name: "checkout", Interval: time.Minute, Burst: c.burst}
		assert.Equal(t, c.want, target.Slowest(2*time.Second, Whole()), name)
	}
	target := Target{Name: "checkout", Interval: time.Minute, Burst: Burst{Rate: 50, Duration: 3 * time.Second, Concurrency: 5}, Shared: true}
	assert.InDelta(t, 25, target.Slowest(time.Second, (Shard{Ordinal: 1, Total: 2}).Part(&target)).Rate, 0, "each shard has its part of the rate")
}
