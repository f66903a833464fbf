//go:build unix

package acceptance

import (
	"encoding/json"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// The daemon is stopped for three seconds. The first two targets have a healthy server. The server of the other two
// never answers.
func TestAStoppedProberBlamesNoTargetForIt(t *testing.T) {
	t.Parallel()
	healthy, silent := newPeer(t, nil), newPeer(t, make(chan struct{}))
	const stopped = 3 * time.Second
	d := rig.StartDaemon(t, "prober", `
defaults: {timeout: 1s}
targets:
  - {name: slots, url: `+healthy.URL+`/slots, interval: 200ms, timeout: 1m, burst: {requests: 1}}
  - {name: open, url: `+healthy.URL+`/open, interval: 100ms, burst: {rate: 100, duration: 5s}}
  - {name: held, url: `+silent.URL+`/held, interval: 100ms, burst: {rate: 100, duration: 10m, concurrency: 2}}
  - {name: closed, url: `+silent.URL+`/closed, interval: 100ms, timeout: 1500ms, burst: {requests: 1}}
`)
	dropped := func(m rig.Metrics, target, reason string) float64 {
		return m.Sum("prober_requests_dropped_total", "target", target, "reason", reason)
	}
	before := d.AwaitMetrics("requests of all, and an open burst that has just begun", func(m rig.Metrics) bool {
		start := m.Sum("prober_burst_last_start_timestamp_seconds", "target", "open")
		return time.Since(time.UnixMilli(int64(1000*start))) < time.Second && requestsOf(m, "open") > 0 && requestsOf(m, "slots") > 0 && requestsOf(m, "held") > 0 && requestsOf(m, "closed") > 0
	})
	silent.Await(t, "/closed", int(requestsOf(before, "closed"))+1)
	d.Signal(syscall.SIGSTOP)
	<-time.After(stopped)
	d.Signal(syscall.SIGCONT)

	after := d.AwaitMetrics("the burst in which it was stopped has ended, and more requests have", func(m rig.Metrics) bool {
		return m.Sum("prober_bursts_total", "target", "open") > before.Sum("prober_bursts_total", "target", "open") &&
			requestsOf(m, "slots") > requestsOf(before, "slots")+10 && requestsOf(m, "closed") > requestsOf(before, "closed")+2
	})
	skipped := after.By("prober_bursts_skipped_total", "reason", "target", "slots")
	assert.GreaterOrEqual(t, skipped["late"], 10.0, "15 slots in three seconds, less the last one, and what the machine is late")
	assert.Zero(t, dropped(after, "open", "timeout"), "the target was in time")
	assert.GreaterOrEqual(t, dropped(after, "open", "late"), 100.0, "some two seconds' arrivals expired")
	assert.Greater(t, after.Sum("prober_schedule_lag_seconds"), before.Sum("prober_schedule_lag_seconds"))
	assert.Positive(t, dropped(after, "held", "late"))
	assert.Positive(t, after.Codes("closed")["1001"], "its time passed while nobody looked")
	assert.Subset(t, []string{"1001", "1050"}, codesOf(after, "closed"))
	// Some may have had no time left for an answer and, on a busy machine, some had waited too long for a worker.
	assert.Subset(t, []string{"0", "1001", "1006"}, codesOf(after, "open"))

	var told struct {
		History []struct {
			HeldBack    int `json:"held_back"`
			DroppedLate int `json:"dropped_late"`
		} `json:"burst_history"`
		SkippedLate int `json:"bursts_skipped_late"`
	}
	_, body := d.Do(http.MethodGet, "/api/v1/targets/open")
	require.NoError(t, json.Unmarshal([]byte(body), &told), body)
	late := 0
	for _, b := range told.History {
		assert.GreaterOrEqual(t, b.HeldBack, b.DroppedLate)
		late += b.DroppedLate
	}
	assert.Positive(t, late)
	assert.Positive(t, told.SkippedLate, "slots that the burst would not have missed")
	_, page := d.Do(http.MethodGet, "/targets/slots")
	assert.Contains(t, page, "skipped, because the prober did not run")
}
