package acceptance

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

const (
	closedBurst = "{requests: 100, concurrency: 8}"
	openBurst   = "{rate: 1000, requests: 10000, concurrency: 8}"
	busy        = 8 // requests in flight in each of the two bursts while the peer does not answer
)

func burstConfig(p *peer, burst string) string {
	return unhurried + fmt.Sprintf("targets: [{name: shop, url: %s/shop, interval: 50ms, burst: %s}]\n", p.URL, burst)
}

// codesOf returns the codes of a target that have occurred.
func codesOf(m rig.Metrics, target string) []string {
	return slices.Sorted(maps.Keys(m.Codes(target)))
}

func TestTermInTheMiddleOfABurstLosesNoRequest(t *testing.T) {
	t.Parallel()
	for name, burst := range map[string]string{"closed burst": closedBurst, "open burst": openBurst} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate := make(chan struct{})
			p := newPeer(t, gate)
			d := rig.StartDaemon(t, "prober", burstConfig(p, burst))
			p.Await(t, "/shop", busy)
			if burst == openBurst {
				d.AwaitMetrics("arrivals that wait for a worker", func(m rig.Metrics) bool {
					return m.Sum("prober_requests_scheduled_total") > 2*busy
				})
			}

			d.Scrape()
			d.Signal(syscall.SIGTERM)
			rig.Until(t, "the daemon is not ready", func() bool {
				status, _ := d.Do(http.MethodGet, "/-/ready")
				return status == http.StatusServiceUnavailable
			})
			draining := d.Scrape()
			assert.Zero(t, requestsOf(draining, "shop"))
			status, _ := d.Do(http.MethodGet, "/-/healthy")
			assert.Equal(t, http.StatusOK, status)

			close(gate)
			d.Await("waiting for the last scrape")
			last := d.Scrape()
			assert.Zero(t, d.Wait().ExitCode())
			assert.Less(t, p.Requests("/shop"), 100, "the burst was cut short")
			assert.InDelta(t, p.Requests("/shop"), requestsOf(last, "shop"), 0)
			assert.Equal(t, []string{"0"}, codesOf(last, "shop"))
			assert.Zero(t, last.Sum("prober_requests_waiting"))
			assert.Zero(t, last.Sum("prober_requests_in_flight"))
			assert.InDelta(t, 1, last.Sum("prober_bursts_total"), 0)
			dropped := last.By("prober_requests_dropped_total", "reason")
			assert.Zero(t, dropped["timeout"]+dropped["reload"])
			if burst == openBurst {
				assert.Greater(t, dropped["shutdown"], float64(busy))
			} else {
				assert.Zero(t, dropped["shutdown"])
			}
		})
	}
}

func TestTermCancelsWhatOutlastsTheGrace(t *testing.T) {
	t.Parallel()
	p := newPeer(t, make(chan struct{}))
	d := rig.StartDaemon(t, "prober", burstConfig(p, closedBurst), "--shutdown.grace=50ms")
	p.Await(t, "/shop", busy)
	last := d.Terminate()
	assert.Equal(t, map[string]float64{"1001": busy}, last.Codes("shop"))
}

func TestTermWaitsForNobodyWhereNobodyScrapes(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := rig.StartDaemon(t, "prober", configOf(p, map[string]string{"a": "1h"}), "--shutdown.final-scrape=1h")
	d.Signal(syscall.SIGTERM)
	assert.Zero(t, d.Wait().ExitCode())
	assert.NotContains(t, d.Output(), "last scrape")
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	for awaited, peerOf := range map[string]func(*testing.T) *peer{
		"waiting for requests in flight": func(t *testing.T) *peer { t.Helper(); return newPeer(t, make(chan struct{})) },
		"waiting for the last scrape":    func(t *testing.T) *peer { t.Helper(); return newPeer(t, nil) },
	} {
		t.Run(awaited, func(t *testing.T) {
			t.Parallel()
			p := peerOf(t)
			d := rig.StartDaemon(t, "prober", burstConfig(p, closedBurst), "--shutdown.grace=1h", "--shutdown.final-scrape=1h")
			p.Await(t, "/shop", busy)
			d.Scrape()
			d.Signal(syscall.SIGTERM)
			d.Await(awaited)
			rig.Until(t, "the daemon has ended", func() bool { // it stops catching signals soon after the first, not at once
				d.Signal(syscall.SIGTERM)
				return d.HasEnded()
			})
			state, ok := d.Wait().Sys().(syscall.WaitStatus)
			require.True(t, ok)
			assert.Equal(t, syscall.SIGTERM, state.Signal())
		})
	}
}

func TestTheWebInterface(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	d := rig.StartDaemon(t, "prober", `
targets:
  - name: shop
    url: `+p.URL+`/shop?token=s3cret
    interval: 20ms
    request: {method: POST, headers: {Authorization: Bearer s3cret}, body: s3cret}
`)
	p.Await(t, "/shop", 1)

	for path, want := range map[string]int{
		"/":                  http.StatusOK,
		"/metrics":           http.StatusOK,
		"/config":            http.StatusOK,
		"/-/healthy":         http.StatusOK,
		"/-/ready":           http.StatusOK,
		"/-/unknown":         http.StatusNotFound,
		"/probe?target=shop": http.StatusNotFound,
		"/debug/pprof/":      http.StatusNotFound,
	} {
		status, body := d.Do(http.MethodGet, path)
		assert.Equal(t, want, status, path)
		assert.Empty(t, rig.LinesWith(body, "s3cret"), path)
		if path == "/config" {
			assert.Contains(t, body, p.URL+"/shop?<redacted>")
			assert.Contains(t, body, "Authorization: [<redacted>]")
			assert.Contains(t, body, "interval: 20ms")
		}
	}
	d.Terminate()
	assert.NotContains(t, d.Output(), "s3cret")
}

func TestFlagsOfTheWebInterface(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	config := configOf(p, map[string]string{"a": "1h"})
	d := rig.StartDaemon(t, "prober", config, "--web.telemetry-path=/numbers", "--web.enable-pprof")
	for path, want := range map[string]int{"/numbers": http.StatusOK, "/metrics": http.StatusNotFound, "/debug/pprof/": http.StatusOK} {
		status, _ := d.Do(http.MethodGet, path)
		assert.Equal(t, want, status, path)
	}

	// The password does not matter: nobody sends it.
	users := rig.WriteFile(t, t.TempDir(), "web.yml", "basic_auth_users: {scraper: $2y$10$%s}\n", "QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi")
	locked := rig.StartDaemon(t, "prober", config, "--web.config.file="+users)
	status, _ := locked.Do(http.MethodGet, "/metrics")
	assert.Equal(t, http.StatusUnauthorized, status)
}

func TestADaemonOfFewTargetsMakesRoomForGarbage(t *testing.T) {
	t.Parallel()
	d := rig.StartDaemon(t, "prober", "targets: []\n")
	assert.Equal(t, 200.0, d.Scrape().Sum("go_gc_gogc_percent"))
}
