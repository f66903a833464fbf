// Package acceptance tests the whole program as its users see it: its command line, its files, its web interface, its
// signals, its log. It needs nothing but this program; package e2e tests it beside other programs.
package acceptance

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/prober/internal/command"
	"example.com/prober/internal/rig"
)

// TestMain puts prober on the PATH of the tests: this binary under another name.
func TestMain(m *testing.M) {
	rig.ManyAtOnce()
	testscript.Main(m, map[string]func(){"prober": command.Main})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "script"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(env *testscript.Env) error {
			env.Vars = append(append(env.Vars, rig.WithoutPause), fireServers(env)...)
			return nil
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// fireServers starts the servers for the scripts, and returns their addresses: HEALTHY answers, FAILING answers 503.
func fireServers(env *testscript.Env) []string {
	serve := func(name string, status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		env.Defer(s.Close)
		return name + "=" + s.URL
	}
	return []string{serve("HEALTHY", http.StatusOK), serve("FAILING", http.StatusServiceUnavailable)}
}

// exits is the script command `exits CODE PROGRAM [ARGS...]`: exec with the required exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARGS...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	default:
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

func TestTheDemoPrintsItsTableUntilItIsStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	var stdout, stderr rig.Output
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(stdout.String(), stderr.String())
		}
	})
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, []string{"demo", "--web.listen-address=127.0.0.1:0", "--demo.table-interval=200ms"}, &stdout, &stderr)
	}()

	for _, line := range []string{
		`TARGET +REQUESTS +RATE/S +P50 +P99 +CODES`,
		`fast +\d+ +[0-9.]+ +[0-9.]+ms +[0-9.]+ms +0 ok: \d+`,
		`not-found +\d+ +[0-9.]+ +[0-9.]+ms +[0-9.]+ms +1404 http_404: \d+`,
		`unavailable .* 0 ok: \d+, .*1503 http_503: \d+`,
		`tls-expired .* 1312 cert_expired: \d+`,
	} {
		re := regexp.MustCompile(`(?m)^` + line + `$`)
		rig.Until(t, line, func() bool { return re.MatchString(stdout.String()) || len(ended) > 0 })
		require.Regexp(t, re, stdout.String())
	}
	config := regexp.MustCompile(`configuration  (\S+)`).FindStringSubmatch(stdout.String())[1]
	require.FileExists(t, config)

	stop()
	assert.Equal(t, command.ExitOK, <-ended)
	assert.Empty(t, stderr.String())
	assert.NoDirExists(t, filepath.Dir(config))
}

func TestAnEndedRunLeavesNothingBehind(t *testing.T) {
	others := goleak.IgnoreCurrent()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	config := rig.WriteFile(t, t.TempDir(), "prober.yml", `
targets:
  - {name: shop, url: %q, interval: 10ms, burst: {requests: 4, concurrency: 2}}
`, server.URL)
	ctx, stop := context.WithCancel(t.Context())
	var stdout, stderr rig.Output
	ended := make(chan int, 1)
	go func() {
		ended <- command.Run(ctx, []string{"--web.listen-address=127.0.0.1:0", "--config.file=" + config, "--shutdown.final-scrape=0s"}, &stdout, &stderr)
	}()

	address := regexp.MustCompile(`msg="Listening on" address=(\S+)`)
	rig.Until(t, "the daemon listens", func() bool { return address.MatchString(stderr.String()) })
	url := "http://" + address.FindStringSubmatch(stderr.String())[1]
	rig.Until(t, "a request has succeeded", func() bool {
		m, err := rig.Scrape(t.Context(), url+"/metrics")
		require.NoError(t, err)
		return m.Codes("shop")["0"] > 0
	})

	stop()
	assert.Equal(t, command.ExitOK, <-ended)
	assert.Empty(t, stdout.String())
	server.Close()
	assert.NoError(t, rig.FindLeak(others))
}

func TestARunThatCannotListenFails(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	config := rig.WriteFile(t, t.TempDir(), "prober.yml", "targets: []\n")
	var stdout, stderr rig.Output
	code := command.Run(t.Context(), []string{"--web.listen-address=" + taken.Addr().String(), "--config.file=" + config}, &stdout, &stderr)
	assert.Equal(t, command.ExitUsage, code)
	assert.Contains(t, stderr.String(), "address already in use")
}
