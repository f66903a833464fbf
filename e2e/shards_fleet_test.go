package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

const (
	// often is the interval between the bursts of a working fleet, seldom of a resting one: a target that changes to it
	// keeps its counters.
	often, seldom = "1s", "365d"

	fleetScrapes = `
global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
  - job_name: shards
    static_configs: [{targets: [%s]}]
  - job_name: single
    static_configs: [{targets: [%q]}]
`
)

// pod is one prober of a fleet. Its address stays the same over its lives, as a pod of a StatefulSet keeps its name.
type pod struct {
	*rig.Process
	ordinal int
	address string
	config  string
}

// start begins a life of the pod.
func (p *pod) start(t *testing.T, total int) {
	t.Helper()
	p.Process = rig.Start(t, exec.CommandContext(t.Context(), prober, "run", "--config.file="+p.config, "--web.listen-address="+p.address,
		fmt.Sprintf("--shard=%d", p.ordinal), fmt.Sprintf("--total-shards=%d", total), "--shutdown.final-scrape=1m"))
	p.AwaitURL()
}

func (p *pod) scrape(t *testing.T) rig.Metrics {
	t.Helper()
	m, err := rig.Scrape(t.Context(), "http://"+p.address+"/metrics")
	require.NoError(t, err)
	m.RequireBalanced(t)
	return m
}

// fleet is a number of probers that divide the load of one configuration, and a single prober with the same load. A
// Prometheus reads them all.
type fleet struct {
	*prometheus
	load   shardedLoad
	server *tally
	pods   []*pod
	single *pod
	// shared is the configuration of the pods. addresses are the addresses of all pods, including later ones.
	shared    string
	addresses []string
	// ledger has, by target, how many requests of each ended life Prometheus knew.
	ledger map[string]float64
}

// startFleet starts the first pods; later there may be up to most.
func startFleet(t *testing.T, pods, most int) *fleet {
	t.Helper()
	dir, port := t.TempDir(), rig.FreePort(t)
	f := &fleet{
		load: newShardedLoad(), server: newTally(t), ledger: map[string]float64{},
		shared: filepath.Join(dir, "shards.yml"),
		single: &pod{address: "127.0.0.10:" + port, config: filepath.Join(dir, "single.yml")},
	}
	for i := range most {
		f.addresses = append(f.addresses, fmt.Sprintf("127.0.0.%d:%s", 11+i, port))
	}
	f.configure(t, seldom)
	f.single.start(t, 1)
	for range pods {
		f.add(t, pods)
	}
	f.prometheus = startPrometheusAt(t, rig.Program(t, "prometheus", "prometheus"),
		fmt.Sprintf(fleetScrapes, `"`+strings.Join(f.addresses, `", "`)+`"`, f.single.address))
	return f
}

// add starts one more pod.
func (f *fleet) add(t *testing.T, total int) {
	t.Helper()
	p := &pod{ordinal: len(f.pods), address: f.addresses[len(f.pods)], config: f.shared}
	f.pods = append(f.pods, p)
	p.start(t, total)
}

func (f *fleet) all() []*pod { return append([]*pod{f.single}, f.pods...) }

// configure writes both files: they differ in the path of their URLs.
func (f *fleet) configure(t *testing.T, interval string) {
	t.Helper()
	dir := filepath.Dir(f.shared)
	rig.WriteFile(t, dir, "shards.yml", "%s", f.load.config(interval, f.server.URL+"/shards"))
	rig.WriteFile(t, dir, "single.yml", "%s", f.load.config(interval, f.server.URL+"/single"))
}

// setInterval makes all probers reload their files with that interval.
func (f *fleet) setInterval(t *testing.T, interval string) {
	t.Helper()
	loads := func(p *pod) int { return strings.Count(p.Output(), "the configuration was loaded") }
	f.configure(t, interval)
	before := map[*pod]int{}
	for _, p := range f.all() {
		before[p] = loads(p)
		p.Signal(syscall.SIGHUP)
	}
	for _, p := range f.all() {
		rig.Until(t, "the configuration is loaded", func() bool { return loads(p) > before[p] })
	}
}

// work lets all probers fire for a while: until each target of the single prober had a burst or two.
func (f *fleet) work(t *testing.T) {
	t.Helper()
	before := f.single.scrape(t).By("prober_bursts_total", "target")
	f.setInterval(t, often)
	rig.Until(t, "a burst of each target", func() bool {
		now := f.single.scrape(t).By("prober_bursts_total", "target")
		return !slices.ContainsFunc(f.load.names(), func(target string) bool { return now[target] <= before[target] })
	})
	f.rest(t)
}

// rest lets the requests in flight end, and no burst start.
func (f *fleet) rest(t *testing.T) {
	t.Helper()
	f.setInterval(t, seldom)
	for _, p := range f.all() {
		rig.Until(t, "nothing is in flight", func() bool {
			m := p.scrape(t)
			return m.Sum("prober_requests_waiting")+m.Sum("prober_requests_in_flight") == 0
		})
	}
}

// crashAtWork kills a pod that fires, and lets the others rest.
func (f *fleet) crashAtWork(t *testing.T, p *pod) {
	t.Helper()
	before := p.scrape(t).Sum("prober_bursts_total")
	f.setInterval(t, often)
	rig.Until(t, "bursts of the pod", func() bool { return p.scrape(t).Sum("prober_bursts_total") > before })
	p.Signal(syscall.SIGKILL)
	p.Wait()
	f.enter(t, p)
	f.pods = slices.DeleteFunc(f.pods, func(other *pod) bool { return other == p })
	f.rest(t)
}

// stop ends the life of a pod as Kubernetes does: Prometheus has time to read its counts.
func (f *fleet) stop(t *testing.T, p *pod) {
	t.Helper()
	p.Signal(syscall.SIGTERM)
	require.Zero(t, p.Wait().ExitCode())
	f.enter(t, p)
}

// enter adds up Prometheus' last counts of an ended life, before the next one begins.
func (f *fleet) enter(t *testing.T, p *pod) {
	t.Helper()
	last := fmt.Sprintf(`sum by (target) (last_over_time(prober_requests_total{instance=%q}[1h]))`, p.address)
	for target, n := range f.query(t, last, "target") {
		f.ledger[target] += n
	}
}

// counted returns the fleet's counted requests of each target in all lives, as far as Prometheus knows.
func (f *fleet) counted(t *testing.T) map[string]float64 {
	t.Helper()
	sums := maps.Clone(f.ledger)
	for _, p := range f.pods {
		for target, n := range p.scrape(t).By("prober_requests_total", "target") {
			sums[target] += n
		}
	}
	return sums
}

// owners returns the pod of each unshared target.
func (f *fleet) owners(t *testing.T) map[string]int {
	t.Helper()
	owners := map[string]int{}
	for _, p := range f.pods {
		for target := range p.scrape(t).By("prober_bursts_total", "target") {
			if f.load.isShared(target) {
				continue
			}
			assert.NotContains(t, owners, target, "it runs twice")
			owners[target] = p.ordinal
		}
	}
	assert.Len(t, owners, f.load.alone)
	return owners
}

// tally is a server that counts the requests of each path.
type tally struct {
	*peers.Site

	mu   sync.Mutex
	seen map[string]float64
}

func newTally(t *testing.T) *tally {
	t.Helper()
	s := &tally{seen: map[string]float64{}}
	s.Site = peers.Serve(t, peers.HTTP1, s.ServeHTTP)
	return s
}

// ServeHTTP knows every path except paths with the suffix missing.
func (s *tally) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen[r.URL.Path]++
	s.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "missing") {
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *tally) of(path string) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[path]
}
