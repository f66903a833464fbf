package load

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEachTargetHasOneShard(t *testing.T) {
	t.Parallel()
	for total := 1; total <= 64; total++ {
		counts := make([]int, total)
		for i := range 64 * 10 {
			target := Target{Name: fmt.Sprintf("target-%d", i)}
			owners := 0
			for ordinal := range total {
				if (Shard{ordinal, total}).Runs(&target) {
					owners++
					counts[ordinal]++
				}
			}
			require.Equal(t, 1, owners)
		}
		for _, n := range counts {
			require.Positive(t, n, "%d shards", total)
		}
	}
}

func TestNewShardTakesItsTargetsAndMovesNoOthers(t *testing.T) {
	t.Parallel()
	moved := 0
	for i := range 1000 {
		name := fmt.Sprintf("target-%d", i)
		before, after := (Shard{0, 4}).owner(name), (Shard{0, 5}).owner(name)
		if before != after {
			moved++
			assert.Equal(t, 4, after, "only to the new one")
		}
	}
	assert.InDelta(t, 200, moved, 60)
}

func TestShardValidation(t *testing.T) {
	t.Parallel()
	for s, valid := range map[Shard]bool{
		{}: true, {0, 1}: true, {4, 5}: true,
		{5, 5}: false, {-1, 5}: false, {1, 0}: false, {0, -1}: false,
	} {
		assert.Equal(t, valid, s.Validate() == nil, "%+v", s)
	}
}

func TestAShardThatNeverHasWorkDoesNotRunTheTarget(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		burst Burst
		run   int // how many of eight shards
	}{
		"fewer requests than shards":                  {Burst{Requests: 3, Concurrency: 50}, 3},
		"fewer workers than shards, but enough to do": {Burst{Requests: 50, Concurrency: 3}, 8},
		"workers without a number of requests":        {Burst{Duration: time.Second, Concurrency: 3}, 3},
		"fewer arrivals":                              {Burst{Rate: 2, Duration: 2 * time.Second, Concurrency: 50}, 4},
		"fewer arrivals of stages that are cut":       {Burst{Duration: time.Second, Stages: []Stage{{Duration: 4 * time.Second, Rate: 40}}, Concurrency: 5}, 5},
		"a rate without a duration":                   {Burst{Rate: 2, Requests: 6, Concurrency: 1}, 6},
		"random arrivals, of which any may come":      {Burst{Rate: 2, Duration: time.Second, Concurrency: 1, Poisson: true}, 8},
		"random arrivals of a number":                 {Burst{Rate: 2, Requests: 5, Concurrency: 1, Poisson: true}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := Target{Name: "checkout", Interval: 30 * time.Second, Burst: tt.burst, Shared: true}
			for ordinal := range 8 {
				assert.Equal(t, ordinal < tt.run, (Shard{ordinal, 8}).Runs(&target), "shard %d", ordinal)
			}
			assert.True(t, Shard{}.Runs(&target))
		})
	}
}
