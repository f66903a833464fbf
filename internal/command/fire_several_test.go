package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/docs"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
	"example.com/prober/prober"
	"example.com/prober/prober/numbers"
)

// severalFile is a configuration with three targets: a and b have a label in common, b fails.
func severalFile(t *testing.T) string {
	t.Helper()
	server := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/b" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return rig.WriteFile(t, t.TempDir(), "prober.yml", "%s", fmt.Sprintf(`
defaults: {timeout: 1m, burst: {requests: 3, concurrency: 1}}
targets:
  - {name: a, url: %[1]s/a, labels: {team: shop, tier: 1}}
  - {name: b, url: %[1]s/b, labels: {team: shop}}
  - {name: c, url: %[1]s/c, burst: {requests: 5}}
`, server.URL))
}

func TestSeveralTargetsAreFiredTogether(t *testing.T) {
	t.Parallel()
	file := severalFile(t)
	for name, c := range map[string]struct {
		args      []string
		want      string // the names of the targets
		due       uint64
		failed    uint64
		exit      int
		complaint string
	}{
		"by their names":                       {[]string{"c", "a", "c"}, "c a", 8, 0, ExitOK, ""},
		"by a label":                           {[]string{"--selector=team=shop"}, "a b", 6, 3, ExitError, "prober: b: 3 of 3 requests failed\n"},
		"by all of several labels":             {[]string{"--selector=team=shop,tier=1"}, "a", 3, 0, ExitOK, ""},
		"all, each judged by itself":           {[]string{"--all", "--fail-if=error_rate > 50%"}, "a b c", 11, 3, ExitError, "prober: b: error_rate > 50%: measured 100 %\n"},
		"with flags over each of them":         {[]string{"--all", "-n", "2", "--expect.status=200,503"}, "a b c", 6, 0, ExitOK, ""},
		"a name beside labels, each once":      {[]string{"b", "--selector=team=shop"}, "b a", 6, 3, ExitError, "prober: b: 3 of 3 requests failed\n"},
		"after a wait for each of them":        {[]string{"a", "c", "--wait=1m"}, "a c", 8, 0, ExitOK, ""},
		"by labels of which no target has all": {[]string{"--selector=team=shop,tier=2"}, "", 0, 0, ExitUsage, "prober: " + file + " has no matching targets\n"},
		"by a name that is none of them":       {[]string{"a", "cc"}, "", 0, 0, ExitUsage, "prober: " + file + " has no target \"cc\", did you mean \"c\"?\n"},
		"by no label":                          {[]string{"--selector=team"}, "", 0, 0, ExitUsage, "prober: --selector: must be labels and their values, such as team=shop,tier=1; see prober --help\n"},
		"by nothing":                           {nil, "", 0, 0, ExitUsage, "prober: name a target or a URL, or give --selector or --all; see prober fire --help\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exit, stdout, stderr := fireAt(t.Context(), append([]string{"--config.file=" + file, "--output=json"}, c.args...)...)
			assert.Equal(t, c.exit, exit)
			assert.Equal(t, c.complaint, stderr)
			if exit == ExitUsage {
				assert.Empty(t, stdout)
				return
			}
			var all fireSeveralJSON
			decoder := json.NewDecoder(strings.NewReader(stdout))
			decoder.DisallowUnknownFields()
			require.NoError(t, decoder.Decode(&all))
			var names []string
			for _, r := range all.Targets {
				names = append(names, r.Target)
			}
			assert.Equal(t, c.want, strings.Join(names, " "))
			assert.Equal(t, exit == ExitOK, all.OK)
			assert.Equal(t, fireTotalJSON{c.due, c.due - c.failed, c.failed, 0, all.Sum.Latency}, all.Sum)
			assert.Equal(t, c.due, all.Sum.Latency.Count)
		})
	}
}

func TestACeilingIsThatOfAllTargetsTogether(t *testing.T) {
	t.Parallel()
	exit, stdout, _ := fireAt(t.Context(), "a", "c", "--config.file="+severalFile(t), "--output=json", "--burst.rate=1000", "--limit.rate=0.01")
	assert.Equal(t, ExitError, exit)
	var all fireSeveralJSON
	require.NoError(t, json.Unmarshal([]byte(stdout), &all))
	assert.EqualValues(t, 1, all.Sum.Succeeded)
	assert.EqualValues(t, 7, all.Sum.Dropped)
}

func TestOneInterruptEndsAllBursts(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 2)
	server := peers.Serve(t, peers.HTTP1, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var stdout, stderr rig.Output
	ended := make(chan int, 1)
	go func() {
		ended <- Run(ctx, []string{"fire", server.URL + "/a", server.URL + "/b", "-c", "1", "--shutdown.grace=1ms"}, &stdout, &stderr)
	}()
	<-arrived
	<-arrived
	interrupt()
	assert.Equal(t, ExitSignal+int(syscall.SIGINT), <-ended)
	assert.Contains(t, stderr.String(), "prober: interrupted: waiting for 2 requests in flight, 1ms at most")
	assert.Equal(t, 2, strings.Count(stderr.String(), "the burst was interrupted\n"))
}

func TestFirePageShowsTheSumOfSeveralTargets(t *testing.T) {
	t.Parallel()
	search := exampleReport()
	search.Name, search.Succeeded, search.Failed, search.Dropped, search.Scheduled = "search", 200, 0, numbers.Drops{}, 200
	all := []*judgedReport{judge(exampleReport(), nil), judge(search, nil)}
	total := fireTotal{scheduled: 700, succeeded: 680, failed: 15, dropped: 5, latency: search.Latency}
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	writeFireTotal(table, all, total)
	require.NoError(t, table.Flush())
	page := docs.Page(t, "docs/fire.md")
	assert.Contains(t, docs.Blocks(page, ""), strings.TrimPrefix(text.String(), "\n"))
	assert.Contains(t, page, "\nprober: "+verdictOf(all, false).Error()+"\n")
}

func TestTheSumOfSeveralTargetsStandsBehindTheirReports(t *testing.T) {
	t.Parallel()
	exit, stdout, _ := fireAt(t.Context(), "--all", "--config.file="+severalFile(t))
	assert.Equal(t, ExitError, exit)
	reports, sum, found := strings.Cut(stdout, "\nTARGET ")
	require.True(t, found)
	for _, name := range []string{"a", "b", "c"} {
		assert.Regexp(t, `(?m)^`+name+`  http://`, reports)
	}
	assert.Regexp(t, `(?m)^b +3 +0 +3 +0 .* failed$`, sum)
	assert.Regexp(t, `(?m)^all targets +11 +8 +3 +0 .* failed$`, sum)
}

func TestProgressOfSeveralTargetsIsTheirSum(t *testing.T) {
	t.Parallel()
	shot := func(text string) ([]*prober.Shot, []config.Target) {
		c, err := config.Parse([]byte(text), "prober.yml")
		require.NoError(t, err)
		shots, err := prober.NewShots(prober.Options{Log: slog.New(slog.DiscardHandler), Metrics: c.Metrics}, c.Targets, c.Network)
		require.NoError(t, err)
		return shots, c.Targets
	}
	const two = "targets:\n- {name: a, url: http://127.0.0.1:1/, burst: {requests: 3}}\n- {name: b, url: http://127.0.0.1:1/, burst: "
	shots, targets := shot(two + "{requests: 4, duration: 5s}}")
	assert.Equal(t, prober.Plan{Requests: 7, Length: 5 * time.Second}, planOf(shots, targets))
	assert.Equal(t, "2 targets", nameOf(shots))
	for _, s := range shots {
		s.Fire(t.Context(), t.Context())
	}
	p := prober.ProgressOf(shots...)
	assert.Equal(t, []uint64{7, 7, 7, 0}, []uint64{p.Scheduled, p.Ended, p.Failed, p.InFlight})
	shots, targets = shot(two + "{duration: 5s}}")
	assert.Equal(t, prober.Plan{Length: 5 * time.Second}, planOf(shots, targets), "one does not end after so many requests")
	assert.Equal(t, shots[0].Plan(), planOf(shots[:1], targets))
}
