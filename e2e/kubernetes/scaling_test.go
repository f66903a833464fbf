package kubernetes

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestScalingLosesNothing scales the set of deploy under load, with the Prometheus that its PodMonitor would make. Each
// request that the server saw is counted once, on whichever shards its target ran.
func TestScalingLosesNothing(t *testing.T) {
	p, l := startControlPlane(t, 2), startLoad(t)
	p.deploy(t, l.config(often), 3)
	o := p.observe(t)
	o.awaitShards(t, 3)
	l.awaitAll(t, p, l.all())
	of3 := o.owners(t, l)

	l.beginGaps()
	p.scale(5)
	p.awaitSet(t, "prober", 5)
	o.awaitShards(t, 5)
	l.awaitAll(t, p, l.all())
	assertGap(t, "3 to 5", l)
	of5 := o.owners(t, l)
	for target, owner := range of5 {
		assert.Contains(t, []string{of3[target], "prober-3", "prober-4"}, owner, "%s: only new shards take over", target)
	}

	l.beginGaps()
	p.scale(2)
	p.awaitSet(t, "prober", 2)
	o.awaitShards(t, 2)
	l.awaitAll(t, p, l.all())
	assertGap(t, "5 to 2", l)
	for target, owner := range o.owners(t, l) {
		if before := of5[target]; before == "prober-0" || before == "prober-1" {
			assert.Equal(t, before, owner, "%s: only the targets of the shards that went move", target)
		}
	}

	o.assertNothingIsLost(t, l)
}

// assertNothingIsLost ends all pods, and compares what Prometheus has with what the server saw.
func (o *observer) assertNothingIsLost(t *testing.T, l *load) {
	t.Helper()
	o.scale(0)
	o.eventually(t, "no pod", func() bool { return len(o.pods("prober")) == 0 })
	counted := o.counted(t)
	total := 0.0
	for _, target := range l.all() {
		assert.InDelta(t, l.of(target), counted[target], 0, "%s: the server saw what was counted", target)
		total += counted[target]
	}
	t.Logf("%v requests, all of them counted once", total)
}

// owners returns the pod on which each target with one shard runs, by the last scrapes.
func (o *observer) owners(t *testing.T, l *load) map[string]string {
	t.Helper()
	var owners map[string]string
	o.eventually(t, "each target has one shard", func() bool {
		owners = map[string]string{}
		isShared := map[string]bool{"closed": true, "open": true}
		runs := 0
		for _, s := range o.query(t, "prober_target_info[31s]") {
			if target := s.labels["target"]; !isShared[target] {
				owners[target] = s.labels["instance"]
				runs++
			}
		}
		return len(owners) == len(l.alone()) && runs == len(owners)
	})
	return owners
}
