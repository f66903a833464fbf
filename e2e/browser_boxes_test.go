package e2e

import (
	_ "embed"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/rig"
)

// boxes finds elements outside their boxes.
//
//go:embed testdata/boxes.js
var boxes string

// startMany runs the prober with 200 targets. target returns each of them for its number and the URL of a server, which
// answers 502 below /bad. startMany waits for a burst of each.
func startMany(t *testing.T, target func(i int, server string) string) *rig.Daemon {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bad") {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(s.Close)
	const targets = 200
	var file strings.Builder
	file.WriteString("defaults: {interval: 3s, timeout: 2s, burst: {requests: 2}}\ntargets:\n")
	for i := range targets {
		fmt.Fprintf(&file, "  - {%s}\n", target(i, s.URL))
	}
	d := rig.StartDaemon(t, prober, file.String())
	d.AwaitMetrics("a burst of each target", func(m rig.Metrics) bool {
		bursts := m.By("prober_bursts_total", "target")
		for _, n := range bursts {
			if n == 0 {
				return false
			}
		}
		return len(bursts) == targets
	})
	return d
}

// wideName is the name of a target without a place for a line break.
func wideName(i int) string { return fmt.Sprintf("%s%03d", strings.Repeat("n", 125), i) }

func TestNothingLeavesItsBoxInABrowser(t *testing.T) {
	b := startBrowser(t)
	d := startMany(t, func(i int, server string) string {
		path := []string{"bad", "good", "good", "good", "good"}[i%5]
		return fmt.Sprintf("name: %s, url: '%s/%s%s', labels: {team: team%d, owner: %s, %s: %s}",
			wideName(i), server, path, strings.Repeat("u", 1000), i%7, strings.Repeat("o", 300), strings.Repeat("l", 100), strings.Repeat("v", 100))
	})
	for _, path := range []string{
		"/", "/?group=team", "/?group=team&open=*", "/?open=ok", "/?group=owner", "/?q=" + strings.Repeat("q", 250), "/?q=teem=shop",
		"/targets/" + wideName(0), "/targets/" + wideName(1), "/targets/" + strings.Repeat("x", 300), "/codes/", "/codes/?q=" + strings.Repeat("c", 60), "/codes/1502", "/config", "/nowhere/" + strings.Repeat("y", 300),
	} {
		t.Run(path[:min(len(path), 24)], func(t *testing.T) {
			p := newTab(t, b, d.URL)
			p.open(path)
			eval[int](p, `document.querySelectorAll("details").forEach(d => d.open = true), 0`)
			for _, width := range []int64{320, 800, 1280} {
				p.resize(width)
				assert.Empty(t, eval[[]string](p, boxes), "at a width of %d", width)
				assert.Empty(t, p.tooWide(width), "at a width of %d", width)
			}
		})
	}
}

func TestTwoHundredTargetsFitThreeScreens(t *testing.T) {
	b := startBrowser(t)
	d := startMany(t, func(i int, server string) string {
		path := "good"
		if i%20 == 0 {
			path = "bad"
		}
		return fmt.Sprintf("name: team-%d/service-%03d, url: '%s/%s/%d', labels: {team: team-%d, tier: '%d'}", i%10, i, server, path, i, i%10, i%3)
	})
	p := newTab(t, b, d.URL)
	p.resize(1280)
	for _, path := range []string{"/", "/?group=team", "/?state=ok"} {
		p.open(path)
		height := eval[int](p, `document.documentElement.scrollHeight`)
		// On a busy machine the prober may send late, and each late target has a row.
		late := eval[int](p, `document.querySelectorAll(".row-troubled").length`)
		t.Logf("%s is %d px high, with %d rows for targets that the prober was late for", path, height, late)
		assert.LessOrEqual(t, height, 3*800+120*late, path)
	}
}
