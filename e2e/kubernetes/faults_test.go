package kubernetes

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
)

// TestAPodThatIsKilledComesBackAsItWas kills the process of a shard under load, and then changes the ConfigMap.
func TestAPodThatIsKilledComesBackAsItWas(t *testing.T) {
	p, l := startControlPlane(t, 2), startLoad(t)
	p.deploy(t, l.config(often), 3)
	o := p.observe(t)
	o.awaitShards(t, 3)
	l.awaitAll(t, p, l.all())
	before := o.owners(t, l)

	const victim = "prober-1"
	var orphans []string
	for target, owner := range before {
		if owner == victim {
			orphans = append(orphans, target)
		}
	}
	require.NotEmpty(t, orphans)
	dead := p.container("prober", victim)
	l.beginGaps()
	require.NoError(t, dead.Signal(syscall.SIGKILL))
	<-dead.Ended()
	known := o.counted(t)
	unread := map[string]float64{} // at most what is lost
	for _, target := range l.all() {
		unread[target] = l.of(target) - known[target]
	}
	p.eventually(t, "the pod is restarted", func() bool {
		pods := p.pods("prober")
		i := slices.IndexFunc(pods, func(pod core.Pod) bool { return pod.Name == victim })
		status := pods[i].Status.ContainerStatuses[0]
		return status.RestartCount == 1 && status.Ready
	})
	l.awaitAll(t, p, orphans)
	t.Logf("killed: its targets had no request for %s at most", l.longestGap(orphans).Round(time.Millisecond))
	p.awaitSet(t, "prober", 3)
	o.awaitShards(t, 3)
	assert.Equal(t, before, o.owners(t, l))

	// A change of the ConfigMap reaches all pods, and none begins anew.
	p.configure(l.config(often, "late"))
	l.awaitAll(t, p, append(l.all(), "late"))
	for _, pod := range p.pods("prober") {
		p.eventually(t, "the file is loaded", func() bool { return strings.Contains(p.outputOf(t, pod.Name), "the configuration was loaded") })
	}
	o.awaitShards(t, 3)
	for pod, n := range o.last(t, "prober_shards_changed_total") {
		assert.Zero(t, n, "%s: the number of shards never changed", pod)
	}

	o.scale(0)
	o.eventually(t, "no pod", func() bool { return len(o.pods("prober")) == 0 })
	counted := o.counted(t)
	for _, target := range append(l.all(), "late") {
		lost := l.of(target) - counted[target]
		switch {
		case slices.Contains(orphans, target) || slices.Contains(l.shared(), target):
			assert.GreaterOrEqual(t, lost, 0.0, target)
			assert.LessOrEqual(t, lost, unread[target], "%s: nothing but what the dead process had counted since its last scrape", target)
		default:
			assert.Zero(t, lost, target)
		}
	}
}

// awayAtMost is how long a shard that is replaced is away by docs/scaling.md, with time for the cluster to start a pod.
const awayAtMost = 105*time.Second + time.Minute

// assertGap states the longest time without a request of a target, and checks that it is not above the documented time.
func assertGap(t *testing.T, what string, l *load) {
	t.Helper()
	gap := l.longestGap(l.all()).Round(time.Millisecond)
	t.Logf("%s: %s was the longest time without a request of a target", what, gap)
	assert.LessOrEqual(t, gap, awayAtMost, what)
}

// TestARolloutTakesOneShardAtATime changes the template of the pods under load, and then drains a node.
func TestARolloutTakesOneShardAtATime(t *testing.T) {
	p, l := startControlPlane(t, 2), startLoad(t)
	p.deploy(t, l.config(often), 3)
	o := p.observe(t)
	o.awaitShards(t, 3)
	l.awaitAll(t, p, l.all())
	before := o.owners(t, l)

	l.beginGaps()
	p.patch(proberSet, `{"spec": {"template": {"metadata": {"annotations": {"example.com/rollout": "second"}}}}}`)
	p.eventually(t, "all pods are of the new version", func() bool {
		set, err := p.client.AppsV1().StatefulSets("prober").Get(t.Context(), "prober", getting)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, p.ready(), 2, "one pod at a time")
		s := set.Status
		return s.ObservedGeneration == set.Generation && s.ReadyReplicas == 3 && s.UpdatedReplicas == 3 && s.CurrentRevision == s.UpdateRevision
	})
	l.awaitAll(t, p, l.all())
	assertGap(t, "rollout", l)
	o.awaitShards(t, 3)
	assert.Equal(t, before, o.owners(t, l), "no target moves")
	for pod, n := range o.last(t, "prober_shards_changed_total") {
		assert.Zero(t, n, "%s: the number of shards never changed", pod)
	}

	// The budget lets one pod go at a time.
	l.beginGaps()
	evict := func(pod string) int {
		status, body, err := p.try(http.MethodPost, "/api/v1/namespaces/prober/pods/"+pod+"/eviction", "application/json",
			fmt.Sprintf(`{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": %q}}`, pod))
		require.NoError(t, err)
		require.Contains(t, []int{http.StatusCreated, http.StatusTooManyRequests}, status, "%s", body)
		return status
	}
	for i := range 3 {
		p.eventually(t, "the eviction is allowed", func() bool { return evict(fmt.Sprintf("prober-%d", i)) == http.StatusCreated })
		assert.Equal(t, http.StatusTooManyRequests, evict(fmt.Sprintf("prober-%d", (i+1)%3)), "one pod at a time")
		o.awaitShards(t, 3) // a pod that was never scraped waits for no last scrape
	}
	p.awaitSet(t, "prober", 3)
	l.awaitAll(t, p, l.all())
	assertGap(t, "drain", l)
	o.awaitShards(t, 3)
	o.assertNothingIsLost(t, l)
}

// ready returns the number of pods that are ready.
func (p *controlPlane) ready() (n int) {
	for _, pod := range p.pods("prober") {
		if statuses := pod.Status.ContainerStatuses; len(statuses) > 0 && statuses[0].Ready {
			n++
		}
	}
	return n
}
