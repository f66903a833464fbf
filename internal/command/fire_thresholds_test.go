package command

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/docs"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/numbers"
	"example.com/prober/threshold"
)

func thresholdsOf(t *testing.T, texts ...string) []threshold.Threshold {
	t.Helper()
	var all []threshold.Threshold
	for _, text := range texts {
		one, err := threshold.Parse(text)
		require.NoError(t, err)
		all = append(all, one)
	}
	return all
}

func TestFirePageShowsHowThresholdsArePrinted(t *testing.T) {
	t.Parallel()
	j := judge(exampleReport(), thresholdsOf(t, "p99 > 500ms", "error_rate > 5%", "rate < 95/s", "code:13.. > 0", "dropped > 0", "journeys_failed > 0"))
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	writeFireThresholds(table, j.thresholds)
	require.NoError(t, table.Flush())
	page := docs.Page(t, "docs/fire.md")
	assert.Contains(t, docs.Blocks(page, ""), strings.TrimPrefix(text.String(), "\n"))
	assert.Contains(t, page, "\nprober: "+verdict(j).Error()+"\n")
	text.Reset()
	require.NoError(t, writeFireText(&text, j))
	assert.Contains(t, text.String(), "THRESHOLD ")
}

func TestEachMeasureOfABurstIsThatOfItsReport(t *testing.T) {
	t.Parallel()
	r := exampleReport()
	addJourney(r)
	r.Codes = append(r.Codes, numbers.CodeCount{Code: errcode.Cancelled, Count: 5}) // beside 480 and 15
	r.Failed += 5
	for text, want := range map[string]float64{
		"p50 > 1s": 0.0203, "p90 > 1s": 0.0312, "p95 > 1s": 0.0405, "p99 > 1s": 1, "p99.9 > 1s": 1, "max > 1s": 1, "mean > 1s": 0.0412,
		"error_rate > 1%": 15.0 / 495, "rate < 95/s": 9.9, "code:1... > 0": 20, "code:1... > 1%": 20.0 / 500, "code:1503 > 0": 3, "code:100. > 0": 5,
		"dropped > 0": 5, "dropped > 1%": 0.01, "journeys_failed > 0": 11, "journeys_failed > 1%": 11.0 / 200, "journeys_interrupted > 0": 1,
	} {
		got := judge(r, thresholdsOf(t, text)).thresholds[0]
		assert.True(t, got.isKnown, text)
		assert.InDelta(t, want, got.measured, 1e-9, text)
	}
}

func TestAThresholdOnNothingMeasuredIsBroken(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"p99 > 1h", "mean > 1h", "error_rate > 50%", "rate < 1/s", "rate > 1/s", "code:13.. > 0", "code:.... > 50%", "dropped > 0", "journeys_failed > 0",
	} {
		j := judge(&numbers.Report{Snapshot: numbers.Snapshot{Outcome: numbers.Complete}}, thresholdsOf(t, text))
		require.EqualError(t, verdict(j), text+": cannot tell, because there is nothing to measure; no request was due")
		assert.Equal(t, fireThresholdJSON{Text: text}, thresholdJSON(j.thresholds[0]))
	}
}

func TestAllFailuresOfTheProbersOwnLeaveNoErrorRate(t *testing.T) {
	t.Parallel()
	r := exampleReport()
	r.Succeeded, r.Failed, r.Codes = 0, 495, []numbers.CodeCount{{Code: errcode.Cancelled, Count: 495}}
	assert.EqualError(t, verdict(judge(r, thresholdsOf(t, "error_rate > 50%"))), "error_rate > 50%: cannot tell, because there is nothing to measure")
}

func TestABurstThatDidNotGoThroughFailsWhateverItsThresholdsSay(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[numbers.Outcome]string{
		numbers.Interrupted: "the burst was interrupted", numbers.Broken: "the target's breaker ended the burst",
	} {
		r := exampleReport()
		r.Outcome = outcome
		assert.EqualError(t, verdict(judge(r, thresholdsOf(t, "dropped > 50%"))), want)
	}
}

// oneInFive answers every fifth request with 503.
func oneInFive(t *testing.T) string {
	t.Helper()
	var count atomic.Int64
	return peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, _ *http.Request) {
		if count.Add(1)%5 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}).URL
}

func TestThresholdsDecideTheExitCode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file   string
		args   []string
		exit   int
		stderr string
	}{
		"without any each failure does":                {"", nil, ExitError, "prober: 4 of 20 requests failed\n"},
		"failures below a threshold pass":              {"", []string{"--fail-if=error_rate > 25%"}, ExitOK, ""},
		"failures that no threshold is about pass":     {"", []string{"--fail-if=max > 1h"}, ExitOK, ""},
		"those that are broken are named":              {"", []string{"--fail-if=error_rate > 5%", "--fail-if=code:1503>=2", "--fail-if=dropped > 0"}, ExitError, "prober: error_rate > 5%: measured 20 %; code:1503 >= 2: measured 4\n"},
		"those of the file hold":                       {"['code:15.. > 1']", nil, ExitError, "prober: code:15.. > 1: measured 4\n"},
		"and hold beside those of flags":               {"['code:15.. > 1']", []string{"--fail-if=error_rate > 25%"}, ExitError, "prober: code:15.. > 1: measured 4\n"},
		"but for those that null takes back":           {"['code:15.. > 1']", []string{"--fail-if=null", "--fail-if=error_rate > 25%"}, ExitOK, ""},
		"without any left each failure does once more": {"['code:15.. > 9']", []string{"--fail-if=null"}, ExitError, "prober: 4 of 20 requests failed\n"},
		"a mistake is none of the target":              {"", []string{"--fail-if=p99 > 5"}, ExitUsage, "prober: --fail-if: \"p99 > 5\": the limit of p99 must be a time such as 500ms or 1.5s\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "targets:\n  - {name: shop, url: " + oneInFive(t) + ", timeout: 1m, burst: {requests: 20, concurrency: 1}"
			if c.file != "" {
				text += ", thresholds: " + c.file
			}
			file := rig.WriteFile(t, t.TempDir(), "prober.yml", "%s", text+"}\n")
			exit, stdout, stderr := fireAt(t.Context(), append([]string{"shop", "--config.file=" + file, "--output=json"}, c.args...)...)
			assert.Equal(t, c.exit, exit)
			assert.Equal(t, c.stderr, stderr)
			if exit == ExitUsage {
				return
			}
			var report fireJSON
			require.NoError(t, json.Unmarshal([]byte(stdout), &report))
			assert.Equal(t, exit == ExitOK, report.OK)
		})
	}
}
