package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/docs"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
	"example.com/prober/prober"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
)

// addJourney turns a report into that of the journey in docs/fire.md.
func addJourney(r *numbers.Report) {
	row := func(name string, due, ok, failed uint64, p50 time.Duration) numbers.RequestRow {
		return numbers.RequestRow{
			Name: name, Scheduled: due, Succeeded: ok, Failed: failed,
			Codes:   []numbers.CodeCount{{Code: errcode.OK, Count: ok}},
			Latency: numbers.Latency{Count: ok + failed, Mean: p50, P50: p50, P90: 2 * p50, P99: 5 * p50, Max: 6 * p50},
		}
	}
	r.Rows = []numbers.RequestRow{
		row("login", 200, 190, 8, 31200*time.Microsecond), row("cart", 190, 190, 0, 20300*time.Microsecond), row("pay", 189, 186, 3, 78*time.Millisecond),
	}
	r.Rows[0].Dropped[load.DropTimeout] = 2
	r.Rows[0].Codes = append(r.Rows[0].Codes, numbers.CodeCount{Code: errcode.FromStatus(401), Count: 8})
	r.Rows[2].Codes = append(r.Rows[2].Codes, numbers.CodeCount{Code: errcode.RequestTimeout, Count: 1}, numbers.CodeCount{Code: errcode.FromStatus(503), Count: 2})
	r.Journey = &numbers.JourneyNumbers{
		Ended: []numbers.JourneyCount{
			{Result: numbers.JourneySuccess, Count: 186},
			{Result: numbers.JourneyFailure, Step: "login", Count: 8}, {Result: numbers.JourneyFailure, Step: "pay", Count: 3},
			{Result: numbers.JourneyInterrupted, Step: "pay", Count: 1},
		},
		Thought: 76 * time.Second, ThoughtSeconds: 76, ThoughtMean: 76 * time.Second / 198,
	}
	r.JourneyLatency = numbers.Latency{Count: 186, Mean: 150 * time.Millisecond, P50: 132 * time.Millisecond, P90: 200 * time.Millisecond, P99: 410 * time.Millisecond, Max: 480 * time.Millisecond}
	r.Funnel = []numbers.FunnelStep{{Name: "login", Reached: 198, Failed: 8}, {Name: "cart", Reached: 190}, {Name: "pay", Reached: 190, Failed: 3, Interrupted: 1}}
	r.Plan.Rate, r.Rate = 10, 9.9
}

func TestFirePageShowsHowAJourneyIsPrinted(t *testing.T) {
	t.Parallel()
	r := exampleReport()
	addJourney(r)
	var text strings.Builder
	require.NoError(t, writeFireText(&text, judge(r, nil)))
	for _, line := range []string{
		"journeys            200 due: 186 succeeded, 11 failed, 1 interrupted, 2 dropped (timeout: 2)",
		"journey time        p50 132ms, p99 410ms, max 480ms, of those that succeeded, without pauses",
		"think time          76s in all, 384ms a journey",
		"rate                9.9/s of 10/s asked for, in journeys",
	} {
		assert.Contains(t, text.String(), line+"\n")
		assert.Contains(t, docs.Page(t, "docs/fire.md"), line+"\n")
	}
	var tables bytes.Buffer
	table := tabwriter.NewWriter(&tables, 0, 0, 2, ' ', 0)
	writeFireRequests(table, r.Rows)
	writeFireFunnel(table, r)
	require.NoError(t, table.Flush())
	assert.Contains(t, docs.Blocks(docs.Page(t, "docs/fire.md"), ""), strings.TrimPrefix(tables.String(), "\n"))
}

func TestWhatFailsMostIsNamedOfEachRequest(t *testing.T) {
	t.Parallel()
	for want, codes := range map[string][]numbers.CodeCount{
		"-": {{Code: errcode.OK, Count: 3}},
		"1212 refused (2): " + errcode.Refused.Meaning(): {{Code: errcode.OK, Count: 3}, {Code: errcode.Refused, Count: 2}, {Code: errcode.FromStatus(503), Count: 1}},
	} {
		assert.Equal(t, want, failureOf(codes))
	}
}

func TestProgressCountsJourneysWhereThereAre(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	v := newFireView(&out, 0, "checkout", prober.Plan{Requests: 500})
	p := prober.Progress{
		Elapsed: 10 * time.Second, Ended: 300, Failed: 4, Dropped: 2, Waiting: 5,
		Codes:    []numbers.CodeCount{{Code: errcode.OK, Count: 296}, {Code: errcode.Refused, Count: 4}},
		Journeys: &prober.JourneyProgress{Ended: 100, Failed: 3, Dropped: 1, Waiting: 7},
	}
	v.show(p)
	assert.Equal(t, "prober: checkout: 100 of 500 journeys, 3 failed, 7 waiting, 1 dropped, 10s; 30/s, 0 ok: 296, 1212 refused: 4\n", out.String())
	assert.EqualValues(t, 101, v.position(p))
}

// fireReport fires the target shop of a file and returns the report.
func fireReport(t *testing.T, text string, args ...string) (exit int, r fireJSON, stderr string) {
	t.Helper()
	file := rig.WriteFile(t, t.TempDir(), "prober.yml", "%s", text)
	exit, stdout, stderr := fireAt(t.Context(), append([]string{"shop", "--config.file=" + file, "--output=json"}, args...)...)
	_, types := documentedKeys(t)
	keysOf(t, []byte(stdout), types)
	require.NoError(t, json.Unmarshal([]byte(stdout), &r), stderr)
	return exit, r, stderr
}

func TestFireReportsEachRequestOfAMix(t *testing.T) {
	t.Parallel()
	server := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	exit, r, stderr := fireReport(t, fmt.Sprintf(`
targets:
  - name: shop
    url: %s
    burst: {requests: 20, concurrency: 3}
    requests: [{name: good, weight: 3, path: /good}, {name: bad, path: /bad}]
`, server.URL))
	assert.Equal(t, ExitError, exit)
	assert.Equal(t, "prober: 5 of 20 requests failed\n", stderr)
	assert.Nil(t, r.Journey)
	require.Len(t, r.ByRequest, 2)
	good, bad := r.ByRequest[0], r.ByRequest[1]
	assert.Equal(t, []uint64{15, 15, 0, 0}, []uint64{good.Scheduled, good.Succeeded, good.Failed, good.Dropped})
	assert.Equal(t, []uint64{5, 0, 5, 0}, []uint64{bad.Scheduled, bad.Succeeded, bad.Failed, bad.Dropped})
	assert.EqualValues(t, 15, good.Latency.Count)
	assert.Equal(t, errcode.FromStatus(502), bad.Codes[len(bad.Codes)-1].Code)
}

func TestFireReportsHowFarJourneysCame(t *testing.T) {
	t.Parallel()
	server := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cart/2":
			w.WriteHeader(http.StatusBadGateway)
		case "/login/3":
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, "{}")
	})
	text := fmt.Sprintf(`
targets:
  - name: shop
    url: %s
    burst: {requests: 8, concurrency: 2}
    data: {n: {from: 1, to: 4}}
    think: 1ms
    journey: [{name: login, path: '/login/{{ n }}'}, {name: cart, path: '/cart/{{ n }}'}, {name: pay, path: /pay}]
`, server.URL)
	exit, r, stderr := fireReport(t, text)
	assert.Equal(t, ExitError, exit)
	assert.Equal(t, "prober: 4 of 18 requests failed\n", stderr)
	j := r.Journey
	require.NotNil(t, j)
	assert.Equal(t, []uint64{8, 4, 4, 0, 0}, []uint64{j.Scheduled, j.Succeeded, j.Failed, j.Interrupted, j.Dropped})
	assert.Equal(t, []fireStepJSON{{"login", 8, 2, 0}, {"cart", 6, 2, 0}, {"pay", 4, 0, 0}}, j.Steps)
	assert.EqualValues(t, 4, j.Duration.Count)
	assert.GreaterOrEqual(t, j.Think.Total, 0.010, "ten pauses")
	assert.EqualValues(t, 18, r.Requests.Scheduled)
	assert.Len(t, r.ByRequest, 3)
}

func TestAWaitForAJourneySendsItsFirstStepOnly(t *testing.T) {
	t.Parallel()
	paths := make(chan string, 100)
	server := peers.Serve(t, peers.HTTP1, func(_ http.ResponseWriter, r *http.Request) { paths <- r.URL.Path })
	exit, _, stderr := fireReport(t, fmt.Sprintf(`
targets:
  - {name: shop, url: %s, burst: {requests: 1}, journey: [{name: login, path: /login}, {name: pay, path: /pay}]}
`, server.URL), "--wait=1m")
	assert.Equal(t, ExitOK, exit, stderr)
	close(paths)
	var all []string
	for path := range paths {
		all = append(all, path)
	}
	assert.Equal(t, []string{"/login", "/login", "/pay"}, all)
}

func TestAnInterruptedJourneyIsNoSuccess(t *testing.T) {
	t.Parallel()
	r := exampleReport()
	r.Rows = []numbers.RequestRow{{Name: "login", Scheduled: 500}}
	r.Succeeded, r.Failed, r.Dropped = 500, 0, numbers.Drops{}
	require.NoError(t, verdict(judge(r, nil)))
	r.Journey = &numbers.JourneyNumbers{Ended: []numbers.JourneyCount{{Result: numbers.JourneyInterrupted, Step: "login", Count: 2}}}
	assert.Equal(t, errors.New("2 of 500 journeys were interrupted"), verdict(judge(r, nil)))
}
