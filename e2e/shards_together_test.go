package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// shardedLoad is a load with targets in both modes of sharding.
type shardedLoad struct {
	// shared has the bursts of the targets that all shards run, and requests the number of requests of each.
	shared   map[string]string
	requests map[string]int
	// alone is the number of targets that one shard runs.
	alone int
}

func newShardedLoad() shardedLoad {
	return shardedLoad{
		shared: map[string]string{
			"closed":         "requests: 23, concurrency: 4",
			"open":           "rate: 200, requests: 41",
			"poisson":        "rate: 200, requests: 37, arrival: poisson",
			"closed-missing": "requests: 11",
		},
		requests: map[string]int{"closed": 23, "open": 41, "poisson": 37, "closed-missing": 11},
		alone:    18,
	}
}

// perBurst is the number of requests in a burst of an unshared target.
const perBurst = 7

func (l shardedLoad) isShared(target string) bool { return l.shared[target] != "" }

func (l shardedLoad) names() []string {
	names := slices.Sorted(maps.Keys(l.shared))
	for i := range l.alone {
		names = append(names, fmt.Sprintf("alone-%d", i))
	}
	return names
}

func (l shardedLoad) config(interval, url string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "defaults: {interval: %s, timeout: 1m}\ntargets:\n", interval)
	for _, name := range l.names() {
		burst, sharding := l.shared[name], "load"
		if burst == "" {
			burst, sharding = fmt.Sprintf("requests: %d", perBurst), "target"
		}
		fmt.Fprintf(&b, "  - {name: %s, url: %q, sharding: %s, burst: {%s}}\n", name, url+"/"+name, sharding, burst)
	}
	return b.String()
}

// whole returns the number of requests in a burst.
func (l shardedLoad) whole(target string) float64 {
	if l.isShared(target) {
		return float64(l.requests[target])
	}
	return perBurst
}

// part returns how many requests of a burst the shard sends that is ordinal of total.
func (l shardedLoad) part(target string, ordinal, total int) float64 {
	return float64((l.requests[target] - ordinal + total - 1) / total)
}

func TestShardsAddUpToTheSingleProber(t *testing.T) {
	t.Parallel()
	const shards = 5
	f := startFleet(t, shards, shards+1)
	f.assertEqualsSingle(t)
	f.assertPrometheusAddsUp(t)

	// One dies. No shard takes over, and no other shard notices.
	const victim = 2
	before, dead := f.owners(t), f.pods[victim]
	f.crashAtWork(t, dead)
	f.assertOthersGoOn(t, dead, before, shards)

	// It comes back with the same ordinal.
	f.pods = slices.Insert(f.pods, victim, dead)
	dead.start(t, shards)
	f.assertEqualsSingle(t)
	assert.Equal(t, before, f.owners(t))

	// One is added. The others are reconfigured one after the other, in the middle of the load.
	f.setInterval(t, often)
	f.add(t, shards+1)
	for _, p := range slices.Backward(f.pods[:shards]) {
		f.stop(t, p)
		p.start(t, shards+1)
	}
	f.rest(t)
	after := f.owners(t)
	assert.NotEqual(t, before, after)
	for target, owner := range after {
		assert.Contains(t, []int{before[target], shards}, owner, "%s: only the new shard takes over", target)
	}
	f.assertEqualsSingle(t)
	f.assertPrometheusAddsUp(t)
	f.assertNothingIsLostBut(t, dead, before)
	f.assertNoComplaint(t)
}

// assertEqualsSingle compares the shards together with the single prober, and the single prober with the configuration.
func (f *fleet) assertEqualsSingle(t *testing.T) {
	t.Helper()
	f.awaitEach(t, func(target string, d difference) bool {
		wanted := 1
		if f.load.isShared(target) {
			wanted = len(f.pods)
		}
		require.Len(t, d.pods, wanted, "%s: shards that run it", target)
		return sum(d.ofSingle) == d.single*f.load.whole(target) && maps.Equal(d.ofSingle, d.ofPods)
	})
}

// assertOthersGoOn does the same while one of the shards is away.
func (f *fleet) assertOthersGoOn(t *testing.T, away *pod, owners map[string]int, shards int) {
	t.Helper()
	f.awaitEach(t, func(target string, d difference) bool {
		switch owner, alone := owners[target]; {
		case !alone:
			return sum(d.ofPods) == sum(d.ofSingle)-d.single*f.load.part(target, away.ordinal, shards)
		case owner == away.ordinal:
			return len(d.pods) == 0
		default:
			return maps.Equal(d.ofSingle, d.ofPods)
		}
	})
}

// awaitEach lets all probers work until is has held for each target, after the same number of bursts in all of them. A
// burst may start while some work and others rest, or may be cut short at the rest: then there is another round.
func (f *fleet) awaitEach(t *testing.T, is func(target string, d difference) bool) {
	t.Helper()
	const rounds = 20
	missing := f.load.names()
	for round := 0; len(missing) > 0; round++ {
		require.Less(t, round, rounds, "never equal: %v", missing)
		before := f.look(t)
		f.work(t)
		after := f.look(t)
		missing = slices.DeleteFunc(missing, func(target string) bool {
			d := after.minus(before, target)
			same := d.single > 0 && !slices.ContainsFunc(d.pods, func(bursts float64) bool { return bursts != d.single })
			return same && is(target, d)
		})
	}
}

// assertPrometheusAddsUp compares Prometheus' figures of the shards together with their own. They must be at rest.
func (f *fleet) assertPrometheusAddsUp(t *testing.T) {
	t.Helper()
	for expr, metric := range map[string]string{
		`sum by (target) (prober_requests_total{job="shards"})`:                             "prober_requests_total",
		`sum by (target) (prober_received_bytes_total{job="shards"})`:                       "prober_received_bytes_total",
		`sum by (target) (prober_request_duration_seconds_bucket{job="shards", le="+Inf"})`: "prober_request_duration_seconds",
	} {
		want := map[string]float64{}
		for _, p := range f.pods {
			for target, n := range p.scrape(t).By(metric, "target") {
				want[target] += n
			}
		}
		rig.Until(t, "the sums of "+expr, func() bool { return maps.Equal(want, f.query(t, expr, "target")) })
	}
	rig.Until(t, "every shard is there once", func() bool {
		ordinals := f.query(t, `count by (shard) (label_replace(prober_shard_ordinal{job="shards"}, "shard", "$1", "instance", "(.*)"))`, "shard")
		return len(ordinals) == len(f.pods) && f.query(t, `max(prober_total_shards{job="shards"})`, "")[""] == float64(len(f.pods))
	})
}

// assertNothingIsLostBut compares all counts so far with the server's counts. A killed shard loses its counts after the
// last scrape; stopped shards lose nothing.
func (f *fleet) assertNothingIsLostBut(t *testing.T, dead *pod, owners map[string]int) {
	t.Helper()
	counted := f.counted(t)
	for _, target := range f.load.names() {
		seen := f.server.of("/shards/" + target)
		if owner, alone := owners[target]; alone && owner != dead.ordinal {
			assert.InDelta(t, seen, counted[target], 0, target)
		} else {
			assert.LessOrEqual(t, counted[target], seen, target)
		}
	}
	for target, n := range f.single.scrape(t).By("prober_requests_total", "target") {
		assert.InDelta(t, f.server.of("/single/"+target), n, 0, target)
	}
}

// sight is the counts of all probers at some moment.
type sight struct {
	single rig.Metrics
	pods   []rig.Metrics
}

func (f *fleet) look(t *testing.T) sight {
	t.Helper()
	s := sight{single: f.single.scrape(t)}
	for _, p := range f.pods {
		s.pods = append(s.pods, p.scrape(t))
	}
	return s
}

// difference is the increase of a target's counts between two sights.
type difference struct {
	// single and pods are the bursts of the single prober, and of each pod that runs the target.
	single float64
	pods   []float64
	// ofSingle and ofPods are requests by error code.
	ofSingle, ofPods map[string]float64
}

func (s sight) minus(before sight, target string) difference {
	d := difference{ofSingle: map[string]float64{}, ofPods: map[string]float64{}}
	bursts := func(m rig.Metrics) float64 { return m.Sum("prober_bursts_total", "target", target) }
	addTo := func(sums map[string]float64, now, before rig.Metrics) {
		for code, n := range now.Codes(target) {
			if n -= before.Codes(target)[code]; n > 0 {
				sums[code] += n
			}
		}
	}
	d.single = bursts(s.single) - bursts(before.single)
	addTo(d.ofSingle, s.single, before.single)
	for i, m := range s.pods {
		if _, runs := m.By("prober_bursts_total", "target")[target]; runs {
			d.pods = append(d.pods, bursts(m)-bursts(before.pods[i]))
			addTo(d.ofPods, m, before.pods[i])
		}
	}
	return d
}

func sum(values map[string]float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}
