package prober

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/prober/probe"
)

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
					target.part = (Shard{Ordinal: ordinal, Total: total}).Part(&target.load)
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
			target.part = s.Part(&target.load)
			start := probe.Now()
			target.fire(t.Context(), context.Background(), 5)
			for i := range e.dues {
				e.dues[i] -= start
			}
			return e.dues
		}
		var union []probe.Instant
		for ordinal := range 3 {
			union = append(union, fire(Shard{Ordinal: ordinal, Total: 3})...)
		}
		assert.ElementsMatch(t, fire(Shard{}), union)
	})
}
