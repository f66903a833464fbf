package command

import (
	"context"
	"encoding/csv"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// reportEndings are the extensions of all reports.
var reportEndings = []string{".json", ".html", ".xml", ".md", ".csv", ".hgrm", ".hlog", ".hdr"}

// reportFlags asks for a report of each kind in a folder.
func reportFlags(folder string) (args []string) {
	for _, ending := range reportEndings {
		args = append(args, "--report="+filepath.Join(folder, "burst"+ending))
	}
	return args
}

// reportsIn reads the files in a folder by their endings, hidden ones included.
func reportsIn(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	all := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		require.NoError(t, err)
		all[strings.TrimPrefix(e.Name(), "burst")] = string(text)
	}
	return all
}

func TestFireWritesReportsIntoFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		rows int
		want map[string]string // in the files
	}{
		"of one target": {[]string{"b"}, 3, map[string]string{
			".html": "<title>b: failed · prober</title>", ".xml": `<testsuites name="prober fire" tests="1" failures="1"`, ".md": "## `b`: ❌ failed\n",
		}},
		"of several targets": {[]string{"--all", "--fail-if=error_rate > 50%"}, 11, map[string]string{
			".html": "<title>3 targets: failed · prober</title>", ".xml": `<testsuites name="prober fire" tests="6" failures="1"`, ".md": "## prober fire: ❌ failed\n",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			args := append([]string{"--config.file=" + severalFile(t), "--output=json"}, c.args...)
			exit, stdout, stderr := fireAt(t.Context(), append(args, reportFlags(folder)...)...)
			assert.Equal(t, ExitError, exit)
			assert.NotContains(t, stderr, "report")
			all := reportsIn(t, folder)
			assert.Len(t, all, len(reportEndings))
			for ending, want := range c.want {
				if !strings.Contains(all[ending], want) {
					t.Errorf("%s lacks %q", ending, want)
				}
			}
			assert.Equal(t, stdout, all[".json"])
			rows, err := csv.NewReader(strings.NewReader(all[".csv"])).ReadAll()
			require.NoError(t, err)
			assert.Len(t, rows, 1+c.rows)
			assert.Equal(t, all[".hlog"][:40], all[".hdr"][:40])
		})
	}
}

func TestAReportThatCannotBeWrittenIsAMistakeBeforeTheBurst(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := peers.Serve(t, peers.HTTP1, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	folder := t.TempDir()
	for name, want := range map[string]string{
		"burst.pdf":      `prober: --report: "` + folder + `/burst.pdf": the name of a report must end with .json, .html, .xml, .md, .csv, .hgrm, .hlog or .hdr; see prober --help` + "\n",
		"none/burst.csv": `prober: --report: "` + folder + `/none/burst.csv": cannot be created: `,
	} {
		exit, stdout, stderr := fireAt(t.Context(), server.URL, "--report="+filepath.Join(folder, "burst.html"), "--report="+filepath.Join(folder, name))
		assert.Equal(t, ExitUsage, exit)
		assert.Empty(t, stdout)
		assert.True(t, strings.HasPrefix(stderr, want), stderr)
		assert.Empty(t, reportsIn(t, folder))
	}
	assert.Zero(t, asked.Load())
}

func TestTheReportsOfABurstThatIsInterruptedSayWhatWasDone(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 1000)
	server := peers.Serve(t, peers.HTTP1, func(http.ResponseWriter, *http.Request) { begun <- struct{}{} })
	folder := t.TempDir()
	ctx, interrupt := context.WithCancel(t.Context())
	var stdout, stderr rig.Output
	ended := make(chan int, 1)
	go func() {
		args := append([]string{"fire", server.URL, "-r", "20", "-z", "10m", "--timeout=1m"}, reportFlags(folder)...)
		ended <- Run(ctx, args, &stdout, &stderr)
	}()
	<-begun
	<-begun
	interrupt()
	require.Equal(t, ExitSignal+int(syscall.SIGINT), <-ended, stderr.String())
	all := reportsIn(t, folder)
	assert.Len(t, all, len(reportEndings))
	assert.Contains(t, all[".xml"], "the burst was interrupted")
	assert.Contains(t, all[".md"], ", interrupted after ")
	assert.GreaterOrEqual(t, strings.Count(all[".csv"], "\n"), 3)
}

func TestTheRequestsOfAJourneyAreNamedInTheRows(t *testing.T) {
	t.Parallel()
	server := peers.Serve(t, peers.HTTP1, func(http.ResponseWriter, *http.Request) {})
	folder := t.TempDir()
	file := rig.WriteFile(t, folder, "prober.yml", "targets: [{name: shop, url: %s, timeout: 1m, think: 1ms, burst: {requests: 2, concurrency: 1}, journey: [{name: login, path: /}, {name: pay, path: /}]}]\n", server.URL)
	exit, _, stderr := fireAt(t.Context(), "shop", "--config.file="+file, "--report="+filepath.Join(folder, "burst.csv"), "--report="+filepath.Join(folder, "burst.html"))
	require.Equal(t, ExitOK, exit, stderr)
	all := reportsIn(t, folder)
	var steps []string
	for line := range strings.Lines(all[".csv"]) {
		steps = append(steps, strings.Join(strings.Split(line, ",")[:3], ","))
	}
	assert.Equal(t, []string{"target,request,step", `"shop","login",1`, `"shop","pay",2`, `"shop","login",1`, `"shop","pay",2`}, steps)
	assert.Contains(t, all[".html"], "All steps: 2 went through.")
}
