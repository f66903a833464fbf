package kubernetes

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// load is a server with the targets on it: those that all shards run, and those that one runs. It counts the requests
// by target.
type load struct {
	url string

	mu   sync.Mutex
	seen map[string]float64
	last map[string]time.Time
	gaps map[string]time.Duration // the longest time between two requests
}

// aloneTargets is the number of targets that one shard runs.
const aloneTargets = 12

// often and seldom are intervals. A target that changes to the second keeps its counters.
const often, seldom = "1s", "365d"

func startLoad(t *testing.T) *load {
	t.Helper()
	l := &load{seen: map[string]float64{}, last: map[string]time.Time{}, gaps: map[string]time.Duration{}}
	server := httptest.NewUnstartedServer(l)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", bridgeAddress+":0") // pods do not reach loopback
	require.NoError(t, err)
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

// ServeHTTP counts a request.
func (l *load) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	target, now := strings.TrimPrefix(r.URL.Path, "/"), time.Now()
	l.seen[target]++
	if before, isThere := l.last[target]; isThere {
		l.gaps[target] = max(l.gaps[target], now.Sub(before))
	}
	l.last[target] = now
}

func (l *load) of(target string) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[target]
}

// beginGaps forgets the gaps so far.
func (l *load) beginGaps() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.gaps)
}

// longestGap returns the longest time without a request of one of the targets, until now.
func (l *load) longestGap(targets []string) (longest time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, target := range targets {
		longest = max(longest, l.gaps[target], time.Since(l.last[target]))
	}
	return longest
}

// awaitAll waits for more requests of each of the targets.
func (l *load) awaitAll(t *testing.T, p *controlPlane, targets []string) {
	t.Helper()
	const more = 10
	before := map[string]float64{}
	for _, target := range targets {
		before[target] = l.of(target)
	}
	p.eventually(t, "more requests of each target", func() bool {
		for target, n := range before {
			if l.of(target) < n+more {
				return false
			}
		}
		return true
	})
}

func (l *load) alone() (names []string) {
	for i := range aloneTargets {
		names = append(names, fmt.Sprintf("alone-%d", i))
	}
	return names
}

func (l *load) shared() []string { return []string{"closed", "open"} }

func (l *load) all() []string { return append(l.shared(), l.alone()...) }

// config is the configuration with all targets, and with more of them.
func (l *load) config(interval string, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "defaults: {interval: %s, timeout: 1m, connection: {connect_timeout: 1m}}\ntargets:\n", interval)
	fmt.Fprintf(&b, "  - {name: closed, url: '%s/closed', sharding: load, burst: {requests: 11, concurrency: 6}}\n", l.url)
	fmt.Fprintf(&b, "  - {name: open, url: '%s/open', sharding: load, burst: {rate: 40, requests: 13}}\n", l.url)
	for _, name := range append(l.alone(), more...) {
		fmt.Fprintf(&b, "  - {name: %s, url: '%s/%[1]s', burst: {requests: 3}}\n", name, l.url)
	}
	return b.String()
}

// deploy applies the kustomization with this load and this number of shards.
func (p *controlPlane) deploy(t *testing.T, config string, replicas int) {
	t.Helper()
	p.defineMonitors(t)
	objects := rendered(t, kustomization)
	only(t, objects, "ConfigMap").at("data")["prober.yml"] = config
	only(t, objects, "StatefulSet").at("spec")["replicas"] = replicas
	p.applyAll(t, objects, false)
	p.awaitSet(t, "prober", replicas)
}

const (
	proberSet    = "/apis/apps/v1/namespaces/prober/statefulsets/prober"
	proberConfig = "/api/v1/namespaces/prober/configmaps/prober"
)

// scale is `kubectl scale`.
func (p *controlPlane) scale(replicas int) {
	p.t.Helper()
	p.patch(proberSet+"/scale", fmt.Sprintf(`{"spec": {"replicas": %d}}`, replicas))
}

// configure changes the ConfigMap.
func (p *controlPlane) configure(config string) {
	p.t.Helper()
	p.patch(proberConfig, fmt.Sprintf(`{"data": {"prober.yml": %q}}`, config))
}
