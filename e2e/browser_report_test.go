package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/rig"
)

// startReports fires bursts at a shop whose cart answers 401, and serves the reports of prober fire: one.html of one
// target, all.html of all.
func startReports(t *testing.T) (base string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/cart", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	shop := httptest.NewServer(mux)
	t.Cleanup(shop.Close)
	folder := t.TempDir()
	file := rig.WriteFile(t, folder, "prober.yml", "%s", fmt.Sprintf(`
defaults: {timeout: 1m, burst: {requests: 100}}
targets:
  - name: %[2]s
    url: %[1]s
    thresholds: [p99 > 1h, 'error_rate > 1%%', 'journeys_interrupted > 0']
    requests: [{name: search, weight: 8, path: /}, {name: cart, path: /cart}, {name: %[2]s, path: /}]
  - name: checkout
    url: %[1]s
    think: 1ms
    journey: [{name: login, path: /}, {name: %[2]s, path: /}, {name: cart, path: /cart}, {name: pay, path: /}]
  - {name: refused, url: 'http://127.0.0.1:1'}
  - {name: well, url: %[1]s}
`, shop.URL, strings.Repeat("a/very-long_name.of:a/request/", 4)))
	for _, args := range [][]string{{"well", "--report=one.html"}, {"--all", "--report=all.html"}} {
		cmd := exec.CommandContext(context.Background(), prober, append([]string{"fire", "--config.file=" + file}, args...)...)
		cmd.Dir = folder
		said, err := cmd.CombinedOutput()
		assert.Equal(t, args[0] == "well", err == nil, "%s", said)
	}
	page := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(page.Close)
	return page.URL
}

func TestTheReportOfABurstInABrowser(t *testing.T) {
	b := startBrowser(t)
	base := startReports(t)
	t.Run("everybody can read it", func(t *testing.T) { testAccess(t, b, base, "/one.html", "/all.html") })
	t.Run("a keyboard reaches everything", func(t *testing.T) { testKeyboard(t, b, base, "/one.html", "/all.html") })
	t.Run("its own policy lets its style in, and no script", func(t *testing.T) {
		p := newTab(t, b, base)
		p.open("/one.html")
		assert.Equal(t, "700", eval[string](p, `getComputedStyle(document.querySelector(".brand")).fontWeight`))
		p.requireQuiet()
		eval[int](p, `(() => { const s = document.createElement("script"); s.textContent = "window.ran = true"; document.head.append(s); return 0; })()`)
		assert.False(t, eval[bool](p, `window.ran === true`))
	})
}
