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

// startTraffic runs the prober against a shop whose cart answers 401. It waits for a burst of each target except one
// with endless journeys.
func startTraffic(t *testing.T) (base string) {
	t.Helper()
	gone := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/cart", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	mux.HandleFunc("/never", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		close(gone)
		s.Close()
	})
	d := rig.StartDaemon(t, prober, fmt.Sprintf(`
defaults: {interval: 3s, timeout: 1s, burst: {requests: 10}}
targets:
  - name: shop
    url: %[1]s
    requests: [{name: search, weight: 8, path: /}, {name: cart, path: /cart}, {name: %[2]s, path: /}]
  - name: checkout
    url: %[1]s
    think: 10ms
    journey: [{name: login, path: /}, {name: %[2]s, path: /}, {name: cart, path: /cart}, {name: pay, path: /}]
  - name: stuck
    url: %[1]s
    timeout: 1h
    journey: [{name: login, path: /never}, {name: cart, path: /}]
`, s.URL, strings.Repeat("a/very-long_name.of:a/request/", 4)))
	d.AwaitMetrics("bursts of both targets", func(m rig.Metrics) bool {
		bursts := m.By("prober_bursts_total", "target")
		return bursts["shop"] > 0 && bursts["checkout"] > 0
	})
	return d.URL
}

func TestMixesAndJourneysInABrowser(t *testing.T) {
	b := startBrowser(t)
	base := startTraffic(t)
	t.Run("the request that fails is named", func(t *testing.T) {
		p := newTab(t, b, base)
		p.open("/")
		assert.Contains(t, eval[string](p, `document.querySelector("tr[data-key=checkout] .wrong").textContent`), "At cart: 1401 http_401")
		p.open("/targets/checkout")
		ends := eval[string](p, `document.querySelector(".ends").textContent`)
		assert.Regexp(t, `\d+ of \d+ journeys ended at cart, with 1401 http_401 the response had status 401`, ends)
		p.open("/targets/stuck")
		assert.Equal(t, "No journey has ended yet.", eval[string](p, `document.querySelector("#journeys ~ .empty").textContent`))
		p.requireQuiet()
	})
	t.Run("names stay in their boxes", func(t *testing.T) {
		p := newTab(t, b, base)
		for _, path := range []string{"/targets/shop", "/targets/checkout"} {
			p.open(path)
			for _, width := range []int64{320, 400, 600, 830, 840, 900, 1000, 1080, 1090, 1100, 1280} {
				p.resize(width)
				assert.Empty(t, p.tooWide(width), "%s at a width of %d", path, width)
				assert.Empty(t, eval[[]string](p, `[...document.querySelectorAll("svg.chart")].flatMap(svg => {
					const box = svg.getBoundingClientRect();
					return [...svg.querySelectorAll("text")].filter(text => {
						const r = text.getBoundingClientRect();
						return r.left < box.left - 1 || r.right > box.right + 1;
					}).map(text => text.textContent);
				})`), "%s at a width of %d", path, width)
				assert.Empty(t, eval[[]string](p, `[...document.querySelectorAll("#waterfall-title, #funnel-title")].flatMap(title => {
					const texts = [...title.parentNode.querySelectorAll("text")].map(text => text.getBoundingClientRect());
					return texts.flatMap((r, i) => texts.slice(i + 1).filter(o => r.left < o.right && o.left < r.right && r.top < o.bottom - 1 && o.top < r.bottom - 1))
						.map(r => title.textContent + " at " + r.left + ", " + r.top);
				})`), "words over words: %s at a width of %d", path, width)
			}
		}
	})
	t.Run("a keyboard reaches everything", func(t *testing.T) { testKeyboard(t, b, base, "/targets/checkout", "/targets/shop") })
	t.Run("everybody can read it", func(t *testing.T) {
		testAccess(t, b, base, "/", "/targets/shop", "/targets/checkout", "/targets/stuck")
	})
}
