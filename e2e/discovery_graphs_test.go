package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// keepsTheIdentity is a job that keeps only the series in the identity of a target's requests.
const keepsTheIdentity = `
global: {scrape_interval: 2s, scrape_timeout: 2s}
scrape_configs:
  - job_name: prober
    static_configs: [{targets: [%s]}]
    metric_relabel_configs:
      - {source_labels: [__name__], regex: 'prober_requests_(total|scheduled_total|dropped_total|waiting|in_flight)', action: keep}
`

// sample is a scraped value with its time, in seconds of Unix time.
type sample struct{ at, value float64 }

// track is one series in Prometheus. Staleness markers are no samples.
type track struct {
	target  string
	samples []sample
}

// tracks returns the scraped samples of all series of a selector.
func (p *prometheus) tracks(t *testing.T, selector string) []track {
	t.Helper()
	status, body, err := rig.Fetch(t.Context(), http.MethodGet, p.url+"/api/v1/query?query="+url.QueryEscape(selector+"[1h]"))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s: %s", selector, body)
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	require.NoError(t, json.Unmarshal(body, &answer))
	all := make([]track, len(answer.Data.Result))
	for i, r := range answer.Data.Result {
		all[i].target = r.Metric["target"]
		for _, v := range r.Values {
			value, err := strconv.ParseFloat(v[1].(string), 64)
			require.NoError(t, err)
			all[i].samples = append(all[i].samples, sample{v[0].(float64), value})
		}
	}
	return all
}

// lives splits a series at scrapes without it. scrapes are the times of successful scrapes.
func (tr track) lives(scrapes []float64) (lives [][]sample) {
	next := -1 // the index in scrapes of the next sample of the life
	for _, s := range tr.samples {
		at, found := slices.BinarySearch(scrapes, s.at)
		if !found {
			continue // of a later scrape
		}
		if at != next {
			lives = append(lives, nil)
		}
		last := len(lives) - 1
		lives[last] = append(lives[last], s)
		next = at + 1
	}
	return lives
}

// wave returns names of targets that come and go together.
func wave(first, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("w%04d", first+i)
	}
	return names
}

// publish replaces the file of targets by renaming, as recommended.
func publish(t *testing.T, file string, names ...[]string) {
	t.Helper()
	var groups []string
	for _, name := range slices.Concat(names...) {
		groups = append(groups, fmt.Sprintf(`{"targets": ["x"], "labels": {"name": %q}}`, name))
	}
	require.NoError(t, os.WriteFile(file+".new", []byte("["+strings.Join(groups, ",")+"]"), 0o600))
	require.NoError(t, os.Rename(file+".new", file))
}

// awaitTargets waits until Prometheus has n targets that match a pattern. A failed scrape has no targets and does not
// count.
func (p *prometheus) awaitTargets(t *testing.T, pattern string, n int) {
	t.Helper()
	expr := fmt.Sprintf(`(count(prober_requests_total{error_code="0", target=~%q}) or vector(0)) and on () (up{job="prober"} == 1)`, pattern)
	rig.Until(t, fmt.Sprintf("%d targets %s in Prometheus", n, pattern), func() bool {
		found, scraped := p.query(t, expr, "")[""]
		return scraped && int(found) == n
	})
}

func TestPrometheusSeesNoGapAndNoResetWhileAThousandTargetsComeAndGo(t *testing.T) {
	server := peers.Serve(t, peers.HTTP1, func(http.ResponseWriter, *http.Request) {})
	stay := make([]string, 50)
	for i := range stay {
		stay[i] = fmt.Sprintf("stays%02d", i)
	}
	file := filepath.Join(t.TempDir(), "found.json")
	publish(t, file, stay)
	d := rig.StartDaemon(t, plainProber(t), `
metrics: {buckets: [1], native_histograms: false}
defaults: {interval: 2s, timeout: 1m}
targets: []
discover:
  - name: files
    file_sd_configs: [{files: ['`+file+`']}]
    max_targets: 2000
    target: {name: '{{ name }}', url: '`+server.URL+`/{{ name }}'}
`, "--discover.apply-interval=500ms")
	p := startPrometheusAt(t, rig.Program(t, "prometheus", "prometheus"), fmt.Sprintf(keepsTheIdentity, strings.TrimPrefix(d.URL, "http://")),
		"--enable-feature=native-histograms") // so that it asks for protocol buffers, which are cheaper for both
	p.awaitTargets(t, "stays.*", len(stay))

	publish(t, file, stay, wave(0, 1000))
	p.awaitTargets(t, "w.*", 1000)
	publish(t, file, stay, wave(500, 1000)) // half of them go, as many others come
	p.awaitTargets(t, "w0.*", 500)
	p.awaitTargets(t, "w1.*", 500)
	publish(t, file, stay)
	p.awaitTargets(t, "w.*", 0)
	publish(t, file, stay, wave(0, 250)) // they had gone
	p.awaitTargets(t, "w.*", 250)
	p.assertWhole(t, stay)
}

// assertWhole checks the data in Prometheus for graphs: while a target was found, its counters are in every scrape and
// never fall.
func (p *prometheus) assertWhole(t *testing.T, stay []string) {
	t.Helper()
	var scrapes []float64
	for _, s := range p.tracks(t, `up{job="prober"}`)[0].samples {
		if s.value == 1 {
			scrapes = append(scrapes, s.at)
		}
	}
	for _, metric := range []string{`prober_requests_total{error_code="0"}`, "prober_requests_scheduled_total"} {
		lives := map[string]int{}
		for _, tr := range p.tracks(t, metric) {
			of := tr.lives(scrapes)
			lives[tr.target] = len(of)
			for i, life := range of {
				falls := !slices.IsSortedFunc(life, func(a, b sample) int { return int(a.value - b.value) })
				assert.False(t, falls, "%s of %s falls: %v", metric, tr.target, life)
				if i > 0 {
					assert.LessOrEqual(t, life[0].value, 2.0, "%s of %s begins anew", metric, tr.target)
				}
			}
		}
		assert.Len(t, lives, len(stay)+1500)
		for _, name := range stay {
			assert.Equal(t, 1, lives[name], "%s has a gap", name)
		}
		for _, name := range wave(0, 1500) {
			want := 1
			if name < "w0250" {
				want = 2
			}
			assert.Equal(t, want, lives[name], "%s of %s: times that it was there", metric, name)
		}
	}
	stays := `{error_code="0", target=~"stays.*"}[1h]`
	assert.Zero(t, p.query(t, "sum(resets(prober_requests_total"+stays+"))", "")[""])
	assert.Positive(t, p.query(t, "min(increase(prober_requests_total"+stays+"))", "")[""])
	odd := `max(max_over_time(abs(
		sum by (target) (prober_requests_scheduled_total) - sum by (target) (prober_requests_total)
		- sum by (target) (prober_requests_dropped_total) - sum by (target) (prober_requests_waiting) - sum by (target) (prober_requests_in_flight)
	)[5m:2s]))`
	assert.Equal(t, map[string]float64{"": 0}, p.query(t, odd, ""), "requests that are missing, or too many")
	p.assertNoComplaint(t)
}
