package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/compare"
	"example.com/prober/internal/docs"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// exampleSample has 3000 requests with log-normal latencies, slower by the given factor than those of another example.
// Six requests have failed.
func exampleSample(slower float64) *compare.Sample {
	const n = 3000
	s := &compare.Sample{Slices: make([]compare.Slice, 30)}
	for i := range n {
		slice := &s.Slices[i/100]
		if i%500 == 0 {
			slice.Failed++
			continue
		}
		share := (float64(i*617%n) + 0.5) / n // in an arbitrary order
		normal := math.Sqrt2 * math.Erfinv(2*share-1)
		slice.Add(time.Duration(slower * 20 * math.Exp(normal/2) * float64(time.Millisecond)))
	}
	return s
}

// exampleComparison is the comparison in docs/compare.md, before it has ended.
func exampleComparison() *comparison {
	return &comparison{with: "old.json: https://staging.example.com/checkout, fired 2026-03-03 09:30:00 UTC", options: compare.Options{Margin: 0.1, MinChange: time.Millisecond}, old: exampleSample(1)}
}

func TestTheComparePageShowsWhatIsPrinted(t *testing.T) {
	t.Parallel()
	j := judgeCompared(exampleReport(), thresholdsOf(t, "p99 worse by 10%", "error_rate worse by 1%", "dropped > 50%"), exampleSample(1.2), exampleComparison())
	page := docs.Page(t, "docs/compare.md")
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	writeFireComparison(table, j.comparison)
	require.NoError(t, table.Flush())
	assert.Contains(t, docs.Blocks(page, ""), strings.TrimPrefix(text.String(), "\n"))
	text.Reset()
	writeFireThresholds(table, j.thresholds)
	require.NoError(t, table.Flush())
	assert.Contains(t, docs.Blocks(page, ""), strings.TrimPrefix(text.String(), "\n"))
	assert.Contains(t, page, "\nprober: "+verdict(j).Error()+"\n")
}

func TestOnlyWhatIsSurelyWorseBreaksAThreshold(t *testing.T) {
	t.Parallel()
	all := []string{"p50 worse by 10%", "p99 worse by 10%", "p99 worse by 50%", "error_rate worse by 0%"}
	for slower, want := range map[float64][]bool{1: {true, true, true, true}, 1.2: {false, false, true, true}, 0.5: {true, true, true, true}} {
		j := judgeCompared(exampleReport(), thresholdsOf(t, all...), exampleSample(slower), exampleComparison())
		for i, one := range j.thresholds {
			assert.Equal(t, want[i], thresholdJSON(one).OK, "%s, %g times as slow", all[i], slower)
		}
	}
}

func TestWithoutThresholdsABurstThatIsWorseFails(t *testing.T) {
	t.Parallel()
	r := exampleReport()
	r.Succeeded, r.Failed, r.Dropped[0] = 500, 0, 0
	assert.True(t, judgeCompared(r, nil, exampleSample(1), exampleComparison()).isOK())
	assert.True(t, judgeCompared(r, nil, exampleSample(0.5), exampleComparison()).isOK(), "better")
	worse := judgeCompared(r, nil, exampleSample(1.2), exampleComparison())
	assert.False(t, worse.isOK())
	assert.Contains(t, verdict(worse).Error(), "p50 is worse: ")
}

func TestABurstWithoutRequestsHasNothingToCompare(t *testing.T) {
	t.Parallel()
	j := judgeCompared(exampleReport(), thresholdsOf(t, "p99 worse by 10%"), new(compare.Sample), exampleComparison())
	require.ErrorContains(t, verdict(j), "p99 worse by 10%: cannot tell, because there is nothing to measure")
	var text bytes.Buffer
	writeFireComparison(&text, j.comparison)
	assert.Contains(t, text.String(), "3000 requests before, 0 now: cannot tell\n")
}

// reportOf fires at a server and returns the file with the report.
func reportOf(t *testing.T, url string) string {
	t.Helper()
	exit, stdout, stderr := fireAt(t.Context(), url, "-n", "40", "--timeout=1m", "--output=json")
	require.Equal(t, ExitOK, exit, stderr)
	return rig.WriteFile(t, t.TempDir(), "old.json", "%s", stdout)
}

func TestABurstIsComparedWithTheReportOfAnother(t *testing.T) {
	t.Parallel()
	url := peers.Serve(t, peers.HTTP1, func(http.ResponseWriter, *http.Request) {}).URL
	failing := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }).URL
	old := reportOf(t, url)

	exit, stdout, stderr := fireAt(t.Context(), failing, "-n", "40", "--timeout=1m", "--compare="+old, "--fail-if=error_rate worse by 50%", "--output=json")
	assert.Equal(t, ExitError, exit)
	assert.Contains(t, stderr, "prober: error_rate worse by 50%: 0 % before, 100 % now")
	var report fireJSON
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.Equal(t, compare.Worse, report.Comparison.Verdict)
	assert.Equal(t, fireSideJSON{40, 40}, report.Comparison.New)
	assert.Equal(t, fireSideJSON{40, 0}, report.Comparison.Old)
	assert.Nil(t, report.Comparison.Rows[0].New, "it has failed")

	_, stdout, _ = fireAt(t.Context(), url, "-n", "40", "--timeout=1m", "--compare="+old, "--fail-if=error_rate worse by 50%")
	assert.Contains(t, stdout, "compared with "+old+": "+url+", fired ")
	assert.Contains(t, stdout, "\n40 requests before, 40 now: ")
}

func TestAFileThatIsNoReportIsAMistakeOfTheCommandLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := `{"schema": 1, "url": "https://a.example/", "started": "2026-03-04T09:30:00Z", "slices": [{"failed": 0, "latencies": "1:2"}]}`
	for name, c := range map[string]struct{ text, want string }{
		"cut":      {good[:60], "is not JSON or was cut: unexpected end of JSON input at byte 60"},
		"empty":    {"", "is not JSON or was cut: unexpected end of JSON input at byte 0"},
		"no JSON":  {"latency: 5s", "is not JSON or was cut: invalid character 'l' looking for beginning of value at byte 1"},
		"another":  {`{"name": "package"}`, "schema: is missing: this is not a report of prober fire --output=json"},
		"newer":    {strings.Replace(good, "1,", "2,", 1), "schema: is 2, but this prober reads 1"},
		"several":  {`{"schema": 1, "targets": []}`, "targets: this is the report of several targets; give a report of one target"},
		"older":    {`{"schema": 1, "url": "https://a.example/"}`, "slices: is missing or empty: no request ended, or an older prober wrote this report; fire the burst again"},
		"kind":     {strings.Replace(good, "https://", "dns://", 1), `url: has the scheme "dns", but the target has "http": they are of different kinds`},
		"type":     {strings.Replace(good, `"https://a.example/"`, "5", 1), "url: must not be a JSON number"},
		"counts":   {strings.Replace(good, `1:2`, "canary", 1), "slices[0]: must be numbers of buckets with their counts, such as -361:12 -360:7"},
		"too long": {strings.Replace(good, `{"failed": 0, "latencies": "1:2"}`, "{}"+strings.Repeat(",{}", maxSlices), 1), "slices: has 4097 entries, but at most 4096 are allowed"},
	} {
		file := rig.WriteFile(t, dir, strings.ReplaceAll(name, " ", "-")+".json", "%s", c.text)
		exit, stdout, stderr := fireAt(t.Context(), "http://127.0.0.1:1/", "--compare="+file)
		assert.Equal(t, ExitUsage, exit, name)
		assert.Empty(t, stdout)
		assert.Equal(t, fmt.Sprintf("prober: --compare: %s: %s\n", file, c.want), stderr, name)
	}
	missing := filepath.Join(dir, "missing.json")
	exit, _, stderr := fireAt(t.Context(), "http://127.0.0.1:1/", "--compare="+missing)
	assert.Equal(t, ExitUsage, exit)
	assert.Equal(t, "prober: --compare: "+missing+": no such file or directory\n", stderr)
	_, err := os.Stat(missing)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAComparisonNeedsOneTargetAndSomethingToCompareWith(t *testing.T) {
	t.Parallel()
	file := rig.WriteFile(t, t.TempDir(), "prober.yml", "targets:\n  - {name: shop, url: 'http://127.0.0.1:1/', thresholds: ['p99 worse by 10%%']}\n")
	const nothing = `thresholds: p99 worse by 10%: there is nothing to compare with: give --compare or --against`
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"http://127.0.0.1:1/", "http://127.0.0.1:2/", "--compare=old.json"}, "--compare: needs exactly one target, not 2"},
		{[]string{"http://127.0.0.1:1/", "--fail-if=p99 worse by 10%"}, `target "http://127.0.0.1:1/": ` + nothing},
		{[]string{"shop", "--config.file=" + file}, `target "shop": ` + nothing},
		{[]string{"http://127.0.0.1:1/", "--compare.margin=1%"}, "--compare.margin: must be a share from 2% to 1000%, such as 10%; see prober --help"},
		{[]string{"http://127.0.0.1:1/", "--compare.min-change=0"}, "--compare.min-change: must be a duration from 1us to 1h, such as 1ms; see prober --help"},
		{[]string{"http://127.0.0.1:1/", "--compare.margin=0.1"}, "--compare.margin: must be a share from 2% to 1000%, such as 10%; see prober --help"},
		{[]string{"http://127.0.0.1:1/", "--fail-if=max worse by 10%"}, `--fail-if: "max worse by 10%": must be p50, p90, p99 or error_rate, the words worse by, and a share, such as p99 worse by 10%`},
	} {
		exit, stdout, stderr := fireAt(t.Context(), c.args...)
		assert.Equal(t, ExitUsage, exit)
		assert.Empty(t, stdout)
		assert.Equal(t, "prober: "+c.want+"\n", stderr)
	}
}
