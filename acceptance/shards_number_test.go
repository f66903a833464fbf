package acceptance

import (
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// podSet is a StatefulSet of probers, with its cluster's DNS.
type podSet struct {
	config string
	dns    string
	named  atomic.Int64 // pods in DNS
	fails  atomic.Bool  // DNS fails
	pods   []*numberedPod
	// counted are the ended requests by target: of ended pods, and of targets that a pod does not run any more.
	counted map[string]float64
}

// numberedPod is a pod with one reader that scrapes it.
type numberedPod struct {
	*rig.Daemon
	last map[string]float64 // requests by target, as read last
}

func newPodSet(t *testing.T, config string) *podSet {
	t.Helper()
	s := &podSet{config: config, counted: map[string]float64{}}
	names := peers.Services(func() (pods []string) {
		for i := range s.named.Load() {
			pods = append(pods, fmt.Sprintf("prober-%d.prober.test.", i))
		}
		return pods
	})
	s.dns = peers.NameServer(t, func(query []byte) []byte {
		if s.fails.Load() {
			return peers.NoNames(2)(query) // SERVFAIL
		}
		return names(query)
	})
	return s
}

// scale makes n pods, in the order of a cluster: a new pod has its name before it is ready, and an old pod keeps it
// until it has ended. scale waits until all pods know the number.
func (s *podSet) scale(t *testing.T, n int) {
	t.Helper()
	for len(s.pods) > n {
		s.stop(t, s.pods[len(s.pods)-1])
		s.pods = s.pods[:len(s.pods)-1]
	}
	s.named.Store(int64(n))
	for len(s.pods) < n {
		s.pods = append(s.pods, &numberedPod{last: map[string]float64{}, Daemon: rig.StartDaemon(t, "prober", s.config,
			"--shard="+strconv.Itoa(len(s.pods)), "--total-shards=auto", "--shards.srv=_metrics._tcp.prober.test.",
			"--shards.dns-server="+s.dns, "--shards.lookup-interval=100ms")})
	}
	rig.Until(t, "all know the number of shards", func() bool {
		return !slices.ContainsFunc(s.pods, func(p *numberedPod) bool { return s.read(p).Sum("prober_total_shards") != float64(n) })
	})
}

// read scrapes a pod, and adds its counts of removed targets.
func (s *podSet) read(p *numberedPod) rig.Metrics {
	m := p.Scrape()
	requests := m.By("prober_requests_total", "target")
	for target, n := range p.last {
		if now, isThere := requests[target]; !isThere || now < n {
			s.counted[target] += n
		}
	}
	p.last = requests
	return m
}

// stop ends a pod, and adds all its counts.
func (s *podSet) stop(t *testing.T, p *numberedPod) {
	t.Helper()
	s.read(p) // without a scraper it does not wait for a scrape
	p.Signal(syscall.SIGTERM)
	p.Await("waiting for the last scrape")
	s.read(p)
	require.Zero(t, p.Wait().ExitCode())
	for target, n := range p.last {
		s.counted[target] += n
	}
}

// owners waits until each unshared target runs on one pod, and returns the pods.
func (s *podSet) owners(t *testing.T, targets []string) (owners map[string]int) {
	t.Helper()
	rig.Until(t, "each target runs on one shard", func() bool {
		owners = map[string]int{}
		runs := 0
		for i, p := range s.pods {
			for target := range s.read(p).By("prober_bursts_total", "target") {
				if slices.Contains(targets, target) {
					owners[target] = i
					runs++
				}
			}
		}
		return len(owners) == len(targets) && runs == len(targets)
	})
	return owners
}

// awaitBursts waits for two more bursts of each pod's part of each target.
func (s *podSet) awaitBursts(t *testing.T) {
	t.Helper()
	for _, p := range s.pods {
		before := s.read(p).By("prober_bursts_total", "target")
		rig.Until(t, "two more bursts", func() bool {
			now := s.read(p).By("prober_bursts_total", "target")
			for target, n := range before {
				if now[target] < n+2 {
					return false
				}
			}
			return true
		})
	}
}

// changes returns how often the pods have divided the targets anew, in total.
func (s *podSet) changes() (n float64) {
	for _, p := range s.pods {
		n += s.read(p).Sum("prober_shards_changed_total")
	}
	return n
}

// TestShardsFollowTheNumberOfPods scales a set of probers under load. Each request that the server saw is counted once,
// on whichever shards a target ran.
func TestShardsFollowTheNumberOfPods(t *testing.T) {
	t.Parallel()
	server := newPeer(t, nil)
	config := "defaults: {interval: 500ms, timeout: 1m, connection: {connect_timeout: 1m}}\ntargets:\n"
	shared := []string{"/closed", "/open"}
	config += fmt.Sprintf("  - {name: /closed, url: %q, sharding: load, burst: {requests: 11, concurrency: 6}}\n", server.URL+"/closed")
	config += fmt.Sprintf("  - {name: /open, url: %q, sharding: load, burst: {rate: 100, requests: 13}}\n", server.URL+"/open")
	var alone []string
	for i := range 12 {
		name := fmt.Sprintf("/alone/%d", i)
		alone = append(alone, name)
		config += fmt.Sprintf("  - {name: %s, url: %q, burst: {requests: 3}}\n", name, server.URL+name)
	}

	s := newPodSet(t, config)
	s.scale(t, 3)
	of3 := s.owners(t, alone)
	s.awaitBursts(t)
	assert.Zero(t, s.changes(), "the first number is none that changed")

	s.scale(t, 5)
	of5 := s.owners(t, alone)
	for target, owner := range of5 {
		assert.Contains(t, []int{of3[target], 3, 4}, owner, "%s: only new shards take over", target)
	}
	assert.InDelta(t, 3, s.changes(), 0, "each of the old ones once")
	s.awaitBursts(t)

	// No target moves while DNS fails.
	s.fails.Store(true)
	for _, p := range s.pods {
		p.AwaitMetrics("failures", func(m rig.Metrics) bool { return m.Sum("prober_shards_lookup_failures_total") > 1 })
	}
	s.fails.Store(false)
	assert.Equal(t, of5, s.owners(t, alone))

	s.scale(t, 2)
	of2 := s.owners(t, alone)
	for target, owner := range of2 {
		if of5[target] < 2 {
			assert.Equal(t, of5[target], owner, "%s: only the targets of the shards that went move", target)
		}
	}
	assert.InDelta(t, 4, s.changes(), 0, "each of the two once more")
	s.awaitBursts(t)
	for _, p := range s.pods {
		s.stop(t, p)
	}
	for _, target := range append(shared, alone...) {
		assert.InDelta(t, server.Requests(target), s.counted[target], 0, "%s: the server saw what was counted", target)
		assert.Positive(t, s.counted[target], target)
	}
}
