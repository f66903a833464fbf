package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

func TestAlertmanagerIsToldOfEveryFault(t *testing.T) {
	faults := startFaults(t)
	d := rig.StartDaemon(t, prober, faults.config)
	stacks := map[string]*alerting{}
	for _, s := range storages(t) {
		// Each kind of histograms once, and both together. That takes a newer Prometheus.
		if s.program != newerPrometheus || s.classic && s.native {
			stacks[s.name] = startAlerting(t, d, s)
		}
	}
	for _, s := range stacks {
		s.awaitHealth(t, "shop", "search", "gone", "slow", "checkout")
		_, told := s.told(func(n notification) bool { return n.Labels["alertname"] == "ProberTargetFailsEverywhere" })
		assert.False(t, told, "nothing fails yet")
	}

	faults.switchOn()
	d.Configure(t, "targets: nothing")
	d.Signal(syscall.SIGHUP)
	for name, s := range stacks {
		t.Run(name, s.isToldOfFaults)
	}

	d.Terminate()
	for name, s := range stacks {
		t.Run(name+", when the prober is gone", s.isToldOfTheEnd)
	}
}

// isToldOfFaults takes a receiver and all labels of each alert from the routes of the example and the configuration of
// the targets.
func (s *alerting) isToldOfFaults(t *testing.T) {
	target := map[string]string{"job": "prober", "scope": "target"}
	s.await(t, "payments-pager", "1503, the response had status 503", with(target,
		"alertname", "ProberTargetFailsEverywhere", "severity", "page", "target", "shop", "team", "payments"))
	s.await(t, "pager", "1212, connection refused", with(target,
		"alertname", "ProberTargetFailsEverywhere", "severity", "page", "target", "gone"))
	s.await(t, "tickets", "1404, the response had status 404", with(target,
		"alertname", "ProberTargetFailsEverywhere", "severity", "ticket", "target", "search", "team", "search"))
	s.await(t, "payments-tickets", "1401, the response had status 401", with(target,
		"alertname", "ProberJourneysFail", "severity", "ticket", "target", "checkout", "request", "cart", "team", "payments"))
	s.await(t, "tickets", "processing", with(target,
		"alertname", "ProberLatencyObjectiveMissed", "severity", "ticket", "target", "slow"))
	s.await(t, "pager", "earliest ends in 23h", with(target,
		"alertname", "ProberCertificateExpires", "severity", "page", "window", "3d", "target", "secure"))
	s.await(t, "tickets", s.instance, map[string]string{"job": "prober", "scope": "prober", "instance": s.instance,
		"alertname": "ProberReloadFailed", "severity": "ticket"})
	s.assertRulesAreWell(t)
}

func (s *alerting) isToldOfTheEnd(t *testing.T) {
	s.await(t, "pager", s.instance, map[string]string{"job": "prober", "scope": "prober", "instance": s.instance,
		"alertname": "ProberDown", "severity": "page"})
	s.await(t, "pager", "no prober", map[string]string{"scope": "prober",
		"alertname": "ProberAbsent", "severity": "page"})
}

// with returns labels with more of them. more are pairs of name and value.
func with(labels map[string]string, more ...string) map[string]string {
	all := maps.Clone(labels)
	for pair := range slices.Chunk(more, 2) {
		all[pair[0]] = pair[1]
	}
	return all
}

// faults are servers without faults until they are switched on.
type faults struct {
	// config is the configuration of a prober with a target for each.
	config string
	on     atomic.Bool
	gone   *peers.Site
}

func startFaults(t *testing.T) *faults {
	t.Helper()
	f := &faults{gone: peers.Serve(t, peers.HTTP1, http.NotFound)}
	mux := http.NewServeMux()
	mux.HandleFunc("/shop", func(w http.ResponseWriter, _ *http.Request) {
		if f.on.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	var searches, carts atomic.Int64
	mux.HandleFunc("/login", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/cart", func(w http.ResponseWriter, _ *http.Request) {
		if f.on.Load() && carts.Add(1)%20 == 0 {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/search", func(w http.ResponseWriter, _ *http.Request) {
		if f.on.Load() && searches.Add(1)%40 == 0 {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		if f.on.Load() {
			select {
			case <-time.After(2 * latencyObjective):
			case <-r.Context().Done():
			}
		}
	})
	server := peers.Serve(t, peers.HTTP1, mux.ServeHTTP)
	cert := certs.Issue(nil) // it ends within a day
	ca, _ := peers.WriteCertificate(t, t.TempDir(), "cert", cert)
	secure := peers.Serve(t, peers.HTTP1TLS, func(http.ResponseWriter, *http.Request) {}, peers.Showing(cert))
	f.config = fmt.Sprintf(`
defaults: {interval: 500ms, timeout: 10s, burst: {requests: 40, concurrency: 20}}
targets:
  - {name: shop, url: %s/shop, labels: {team: payments}}
  - {name: search, url: %[1]s/search, labels: {team: search}}
  - {name: checkout, url: %[1]s, labels: {team: payments}, journey: [{name: login, path: /login}, {name: cart, path: /cart}]}
  - {name: slow, url: %[1]s/slow}
  - {name: gone, url: %s, expect: {status: [404]}}
  - {name: secure, url: %s, connection: {tls: {ca_file: %s}}}
`, server.URL, f.gone.URL, secure.URL, ca)
	return f
}

// switchOn makes all servers except the secure one fail.
func (f *faults) switchOn() {
	f.on.Store(true)
	f.gone.Close()
}
