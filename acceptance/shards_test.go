package acceptance

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/rig"
)

// TestShardsTogetherSendWhatOneProcessWould runs one daemon for each shard against one server. Each sends every third
// request of a shared burst. A target without shared load runs on one of them.
func TestShardsTogetherSendWhatOneProcessWould(t *testing.T) {
	t.Parallel()
	const shards = 3
	p := newPeer(t, nil)
	shared := map[string]struct {
		burst    string
		requests int
	}{
		"/closed":  {"{requests: 50, concurrency: 5}", 50},
		"/open":    {"{rate: 100, requests: 41}", 41},
		"/poisson": {"{rate: 100, requests: 37, arrival: poisson}", 37},
	}
	config := "defaults: {interval: 2s, timeout: 1m, connection: {connect_timeout: 1m}}\ntargets:\n"
	for path, target := range shared {
		config += fmt.Sprintf("  - {name: %q, url: %q, sharding: load, burst: %s}\n", path, p.URL+path, target.burst)
	}
	const alone = 20
	for i := range alone {
		config += fmt.Sprintf("  - {name: /alone/%d, url: \"%s/alone/%[1]d\", burst: {requests: 7}}\n", i, p.URL)
	}

	daemons := make([]*rig.Daemon, shards)
	for i := range daemons {
		daemons[i] = rig.StartDaemon(t, "prober", config, fmt.Sprintf("--shard=%d", i), fmt.Sprintf("--total-shards=%d", shards))
	}
	owned := 0
	sent := map[string]float64{}
	for i, d := range daemons {
		d.AwaitMetrics("nothing but whole parts of bursts", func(m rig.Metrics) bool {
			for target, bursts := range m.By("prober_bursts_total", "target") {
				part := 7
				if s, ok := shared[target]; ok {
					part = (s.requests - i + shards - 1) / shards
				}
				if bursts < 1 || requestsOf(m, target) != bursts*float64(part) {
					return false
				}
			}
			return true
		})
		m := d.Terminate()
		assert.InDelta(t, i, m.Sum("prober_shard_ordinal"), 0)
		assert.InDelta(t, shards, m.Sum("prober_total_shards"), 0)
		for target, n := range m.By("prober_requests_total", "target") {
			sent[target] += n
		}
		owned += len(m.By("prober_bursts_total", "target")) - len(shared)
	}
	assert.Equal(t, alone, owned, "each of the other targets runs on one shard")
	for target, n := range sent {
		assert.InDelta(t, p.Requests(target), n, 0, "%s: the server saw what was counted", target)
	}
}
