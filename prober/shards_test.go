package prober

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/prober/probe"
)

func TestEachTargetHasOneShard(t *testing.T) {
	t.Parallel()
	for total := 1; total <= 64; total++ {
		counts := make([]int, total)
		for i := range 64 * 10 {
			target := config.Target{Name: fmt.Sprintf("target-%d", i), Sharding: config.ShardTarget}
			owners := 0
			for ordinal := range total {
				if (Shard{ordinal, total}).runs(&target) {
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
		burst config.Burst
		run   int // how many of eight shards
	}{
		"fewer requests than shards":                  {config.Burst{Requests: 3, Concurrency: 50}, 3},
		"fewer workers than shards, but enough to do": {config.Burst{Requests: 50, Concurrency: 3}, 8},
		"workers without a number of requests":        {config.Burst{Duration: time.Second, Concurrency: 3}, 3},
		"fewer arrivals":                              {config.Burst{Rate: 2, Duration: 2 * time.Second, Concurrency: 50}, 4},
		"fewer arrivals of stages that are cut":       {config.Burst{Duration: time.Second, Stages: []config.Stage{{Duration: 4 * time.Second, Rate: 40}}, Concurrency: 5}, 5},
		"a rate without a duration":                   {config.Burst{Rate: 2, Requests: 6, Concurrency: 1}, 6},
		"random arrivals, of which any may come":      {config.Burst{Rate: 2, Duration: time.Second, Concurrency: 1, Arrival: config.ArrivalPoisson}, 8},
		"random arrivals of a number":                 {config.Burst{Rate: 2, Requests: 5, Concurrency: 1, Arrival: config.ArrivalPoisson}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(tt.burst)
			cfg.Sharding = config.ShardLoad
			for ordinal := range 8 {
				assert.Equal(t, ordinal < tt.run, (Shard{ordinal, 8}).runs(&cfg), "shard %d", ordinal)
			}
			assert.True(t, Shard{}.runs(&cfg))
		})
	}
}

func TestShardsOfAClosedBurstSendItsRequestsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, burst := range []config.Burst{{Requests: 101, Concurrency: 10}, {Requests: 3, Concurrency: 50}, {Requests: 64, Concurrency: 1}} {
			for _, total := range []int{1, 2, 7, 64} {
				sent := 0
				for ordinal := range total {
					e := newFakeEngine(takes(time.Millisecond))
					cfg := testConfig(burst)
					cfg.Sharding = config.ShardLoad
					target := testTarget(cfg, e)
					target.part = (Shard{ordinal, total}).part(&cfg)
					target.fire(t.Context(), context.Background(), 0)
					sent += e.count()
				}
				assert.Equal(t, burst.Requests, sent, "%d shards", total)
			}
		}
	})
}

func TestShardsOfAnOpenBurstFireAtTheSameMomentsAsOneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fire := func(s Shard) []probe.Instant {
			e := newFakeEngine(takes(time.Millisecond))
			cfg := testConfig(config.Burst{Rate: 100, Duration: time.Second, Arrival: config.ArrivalPoisson})
			cfg.Sharding = config.ShardLoad
			target := testTarget(cfg, e)
			target.part = s.part(&cfg)
			start := probe.Now()
			target.fire(t.Context(), context.Background(), 5)
			for i := range e.dues {
				e.dues[i] -= start
			}
			return e.dues
		}
		var union []probe.Instant
		for ordinal := range 3 {
			union = append(union, fire(Shard{ordinal, 3})...)
		}
		assert.ElementsMatch(t, fire(Shard{}), union)
	})
}
