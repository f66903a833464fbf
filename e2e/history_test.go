package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/rig"
)

// The page of a target shows its history in a real Prometheus, by location.
func TestTheHistoryOfATargetInABrowser(t *testing.T) {
	b := startBrowser(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	config := fmt.Sprintf(`defaults: {interval: 1s, timeout: 900ms, burst: {requests: 5}, labels: {team: shop}, objective: {availability: 99, window: 14d}}
targets: [{name: good, url: '%[1]s/good'}, {name: bad, url: '%[1]s/bad'}]`, server.URL)
	east, west := rig.StartDaemon(t, prober, config), rig.StartDaemon(t, prober, config)
	host := func(d *rig.Daemon) string { return strings.TrimPrefix(d.URL, "http://") }
	p := startPrometheusAt(t, rig.Program(t, "prometheus", "prometheus"), fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: prober
    static_configs:
      - {targets: ['%s'], labels: {location: east}}
      - {targets: ['%s'], labels: {location: west}}
`, host(east), host(west)))
	rig.Until(t, "Prometheus has failures of both", func() bool {
		return len(p.query(t, `sum by (location) (increase(prober_requests_total{error_code="1503"}[1m])) > 0`, "location")) == 2
	})
	d := rig.StartDaemon(t, prober, config, "--web.prometheus-url="+p.url, "--web.prometheus-matchers=job=\"prober\"", "--web.enable-badges")
	page := newTab(t, b, d.URL)
	page.open("/targets/bad?span=7d&location=west")
	const rows = `document.querySelectorAll("table.days tbody tr").length`
	page.until("all spans of both locations are read", rows+` === 8 && document.getElementById("days-latency-title") !== null`)
	assert.Equal(t, "7 days", eval[string](page, `document.querySelector("table.days tr.chosen a").textContent`))
	assert.Equal(t, "0 %", eval[string](page, `document.querySelector("table.days tr.chosen td:nth-child(5)").textContent`))
	assert.Contains(t, eval[string](page, `document.querySelector("table.days tr.chosen td:nth-child(6)").textContent`), "−9900 %")
	assert.Equal(t, "Error codes of the last 7 days", eval[string](page, `document.getElementById("days-codes-title").textContent`))
	assert.Empty(t, eval[[]string](page, audit))
	for _, width := range []int64{320, 800, 1280} {
		page.resize(width)
		assert.Empty(t, eval[[]string](page, boxes), "at a width of %d", width)
		assert.Empty(t, page.tooWide(width), "at a width of %d", width)
	}
	page.open("/targets/good?span=24h")
	page.until("the spans are read", rows+` === 8`)
	assert.Equal(t, "100 %", eval[string](page, `document.querySelector("table.days tr.chosen td:nth-child(5)").textContent`))
	page.requireQuiet()
	for badge, want := range map[string]string{
		"targets/bad.svg?span=7d": "availability 7 days: 0 %", "targets/good.svg?span=24h": "availability 24 hours: 100 %", "groups/team/shop.svg": "availability 30 days: 50 %",
	} {
		rig.Until(t, want, func() bool {
			_, body := d.Do(http.MethodGet, "/badges/"+badge)
			return strings.Contains(body, want)
		})
	}
}
