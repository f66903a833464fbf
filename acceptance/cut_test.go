package acceptance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// A password is rotated, and then the load is changed, in the middle of a burst of half an hour.
func TestARotatedPasswordGoesOnWithTheBurstAndAChangedLoadCutsIt(t *testing.T) {
	t.Parallel()
	var rotated atomic.Int64
	server := peers.Serve(t, peers.HTTP1, func(_ http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password == "new" {
			rotated.Add(1)
		}
	})
	dir := t.TempDir()
	secret := rig.WriteFile(t, dir, "password", "old")
	config := func(rate int) string {
		return fmt.Sprintf(`
targets:
  - name: shop
    url: %s/
    interval: 100ms
    burst: {rate: %d, duration: 30m, concurrency: 4}
    request: {basic_auth: {username: u, password_file: %s}}
`, server.URL, rate, secret)
	}
	d := rig.StartDaemon(t, "prober", config(100))
	const start = "prober_burst_last_start_timestamp_seconds"
	before := d.AwaitMetrics("requests", func(m rig.Metrics) bool { return requestsOf(m, "shop") >= 10 })
	rig.WriteFile(t, dir, "password", "new")
	d.Reload(config(100))
	rig.Until(t, "requests with the new password", func() bool { return rotated.Load() >= 10 })
	after := d.Scrape()
	assert.InDelta(t, before.Sum(start), after.Sum(start), 0, "it is the same burst")
	assert.Zero(t, after.Sum("prober_bursts_total")+after.Sum("prober_bursts_cut_total")+after.Sum("prober_requests_dropped_total"))
	assert.Equal(t, []string{"0"}, codesOf(after, "shop"))

	d.Reload(config(50))
	cut := d.AwaitMetrics("another burst", func(m rig.Metrics) bool { return m.Sum(start) > before.Sum(start) })
	assert.InDelta(t, 1, cut.Sum("prober_bursts_cut_total", "reason", "reload"), 0)
	const planned = 30 * 60 * 100
	assert.Greater(t, cut.Sum("prober_requests_cut_total", "reason", "reload"), planned/2.0)
	assert.Zero(t, cut.Sum("prober_burst_last_success_timestamp_seconds"), "a burst that was cut is none")
	var told struct {
		Cuts []struct {
			Reason           string
			Bursts, Requests int
		} `json:"cut_by_reason"`
		Last *struct {
			CutBy string `json:"cut_by"`
			Cut   int
		} `json:"last_burst"`
	}
	_, body := d.Do(http.MethodGet, "/api/v1/targets/shop")
	require.NoError(t, json.Unmarshal([]byte(body), &told), body)
	require.Len(t, told.Cuts, 1)
	require.NotNil(t, told.Last)
	assert.Equal(t, "reload", told.Cuts[0].Reason)
	assert.Equal(t, "reload", told.Last.CutBy)
	assert.Equal(t, told.Cuts[0].Requests, told.Last.Cut)
	_, page := d.Do(http.MethodGet, "/targets/shop")
	assert.Contains(t, page, "Cut short: reload")

	last := d.Terminate()
	assert.InDelta(t, 1, last.Sum("prober_bursts_cut_total", "reason", "shutdown"), 0)
	assert.InDelta(t, planned+planned/2, last.Sum("prober_requests_scheduled_total")+last.Sum("prober_requests_cut_total"), 0,
		"what was planned was due or was cut")
}
