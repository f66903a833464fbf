//go:build unix

package acceptance

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/command"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// newFullPipe returns a pipe that takes no further byte until it is read: a writer waits.
func newFullPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() {
		r.Close()
		w.Close()
	})
	raw, err := w.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		for _, piece := range []string{strings.Repeat("\n", 4096), "\n"} {
			var full error
			for full == nil {
				_, full = syscall.Write(int(fd), []byte(piece))
			}
			assert.ErrorIs(t, full, syscall.EAGAIN)
		}
		assert.NoError(t, syscall.SetNonblock(int(fd), false))
	}))
	return r, w
}

// badLogs are logs that take no line.
func badLogs() map[string]func(*testing.T) *os.File {
	return map[string]func(*testing.T) *os.File{
		"a pipe that is full": func(t *testing.T) *os.File {
			t.Helper()
			_, w := newFullPipe(t)
			return w
		},
		"a pipe without a reader": func(t *testing.T) *os.File {
			t.Helper()
			r, w, err := os.Pipe()
			require.NoError(t, err)
			require.NoError(t, r.Close())
			t.Cleanup(func() { w.Close() })
			return w
		},
		"a full disk": func(t *testing.T) *os.File {
			t.Helper()
			w, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if errors.Is(err, os.ErrNotExist) {
				t.Skip("this system has no /dev/full")
			}
			require.NoError(t, err)
			t.Cleanup(func() { w.Close() })
			return w
		},
	}
}

// fragile is a server that answers without faults until it is broken.
type fragile struct {
	*peers.Site

	broken atomic.Bool
}

func newFragile(t *testing.T) *fragile {
	t.Helper()
	f := &fragile{}
	f.Site = peers.Serve(t, peers.PlainBoth, func(w http.ResponseWriter, _ *http.Request) {
		if f.broken.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return f
}

// unread is a daemon with its log at a place of the test's choice.
type unread struct {
	*rig.Process

	t         *testing.T
	url, file string
	server    *fragile
}

// manyMistakes is a configuration that makes the daemon log a lot.
const manyMistakes = "  - {name: 'no name', nonsense: 1, url: 'ftp://127.0.0.1/', interval: -5s}\n"

// startUnread starts a daemon with two healthy targets.
func startUnread(t *testing.T, stderr *os.File) *unread {
	t.Helper()
	d := &unread{t: t, server: newFragile(t), file: rig.WriteFile(t, t.TempDir(), "prober.yml", "")}
	d.write("")
	address := "127.0.0.1:" + rig.FreePort(t)
	cmd := exec.CommandContext(t.Context(), "prober", "run", "--config.file="+d.file, "--web.listen-address="+address, "--web.enable-lifecycle", "--shutdown.final-scrape=0s")
	cmd.Stderr = stderr
	d.url = "http://" + address
	d.Process = rig.Start(t, cmd)
	d.until("both targets succeed", func(m rig.Metrics) bool { return min(m.Codes("one")["0"], m.Codes("two")["0"]) > 0 })
	return d
}

// write writes the configuration, with more targets at its end.
func (d *unread) write(more string) {
	d.t.Helper()
	text := "targets:\n" +
		"  - {name: one, url: " + d.server.URL + "/, interval: 20ms, burst: {requests: 2}}\n" +
		"  - {name: two, url: " + d.server.URL + "/, interval: 20ms, burst: {requests: 2}, connection: {http_version: h2c}}\n"
	require.NoError(d.t, os.WriteFile(d.file, []byte(text+more), 0o600))
}

// reload makes the daemon load a configuration with more targets, and returns the status of its answer.
func (d *unread) reload(more string) int {
	d.t.Helper()
	d.write(more)
	status, _, err := rig.Fetch(d.t.Context(), http.MethodPost, d.url+"/-/reload")
	require.NoError(d.t, err)
	return status
}

// until waits for a scrape that satisfies is, and returns it.
func (d *unread) until(what string, is func(rig.Metrics) bool) (m rig.Metrics) {
	d.t.Helper()
	rig.Until(d.t, what, func() bool {
		var err error
		if m, err = rig.Scrape(d.t.Context(), d.url+"/metrics"); err != nil {
			require.False(d.t, d.HasEnded(), "the daemon has ended")
			return false // it does not listen yet
		}
		m.RequireBalanced(d.t)
		return is(m)
	})
	return m
}

// overflow makes the daemon log so much that lines are dropped.
func (d *unread) overflow() {
	d.t.Helper()
	const mistaken, reloads = 30, 20 // the report of a file ends after a hundred mistakes
	d.until("lines are dropped", func(m rig.Metrics) bool {
		for range reloads {
			require.Equal(d.t, http.StatusInternalServerError, d.reload(strings.Repeat(manyMistakes, mistaken)))
		}
		return m.Sum("prober_log_lines_dropped_total") > 0
	})
}

func TestALogThatTakesNothingStopsNothing(t *testing.T) {
	t.Parallel()
	for name, badLog := range badLogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := startUnread(t, badLog(t))
			d.server.broken.Store(true)
			d.until("bursts go on when they begin to fail", func(m rig.Metrics) bool {
				return min(m.Codes("one")["1503"], m.Codes("two")["1503"]) > 20
			})
			d.overflow()
			before := d.until("a scrape", func(rig.Metrics) bool { return true })
			d.until("bursts go on when lines are dropped", func(m rig.Metrics) bool {
				return min(m.Codes("one")["1503"]-before.Codes("one")["1503"], m.Codes("two")["1503"]-before.Codes("two")["1503"]) > 20
			})
			d.server.broken.Store(false)
			assert.Equal(t, http.StatusOK, d.reload("  - {name: new, url: "+d.server.URL+"/, interval: 20ms}\n"))
			d.until("the new target succeeds", func(m rig.Metrics) bool { return m.Codes("new")["0"] > 0 })

			d.Signal(syscall.SIGTERM)
			assert.Zero(t, d.Wait().ExitCode())
		})
	}
}

func TestALogThatIsReadAgainSaysHowManyLinesAreMissing(t *testing.T) {
	t.Parallel()
	r, w := newFullPipe(t)
	d := startUnread(t, w)
	d.overflow()

	var log rig.Output
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := io.Copy(&log, r)
		assert.NoError(t, err)
	}()
	rig.Until(t, "the log says that lines are missing", func() bool { return strings.Contains(log.String(), "are missing here") })
	d.server.broken.Store(true)
	dropped := d.until("a failure", func(m rig.Metrics) bool {
		return min(m.Codes("one")["1503"], m.Codes("two")["1503"]) > 0
	}).Sum("prober_log_lines_dropped_total")
	d.Signal(syscall.SIGTERM)
	assert.Zero(t, d.Wait().ExitCode())
	w.Close() // so the reader reaches the end
	<-ended
	text := strings.TrimLeft(log.String(), "\n")

	for line := range strings.Lines(text) {
		_, err := rig.ParseLogfmt(strings.TrimSuffix(line, "\n"))
		assert.NoError(t, err)
	}
	missing := 0.0
	for _, notice := range regexp.MustCompile(`msg="lines of the log are missing here" lines=(\d+)\n`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseFloat(notice[1], 64)
		require.NoError(t, err)
		missing += n
	}
	assert.InDelta(t, dropped, missing, 0)
	assert.Positive(t, missing)
	rest := text
	for _, msg := range []string{"started", "the configuration was not loaded", "lines of the log are missing here", "waiting for requests in flight"} {
		at := strings.Index(rest, `msg="`+msg)
		if msg == "started" {
			at = strings.Index(rest, "msg=started")
		}
		require.NotEqual(t, -1, at, "the log has %q, in this order", msg)
		rest = rest[at:]
	}
}

func TestABurstByHandEndsBesideALogThatTakesNothing(t *testing.T) {
	t.Parallel()
	for name, badLog := range badLogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, make(chan struct{})) // it never answers
			cmd := exec.CommandContext(t.Context(), "prober", "fire", p.URL+"/shop", "--shutdown.grace=10ms")
			cmd.Stderr = badLog(t)
			fire := rig.Start(t, cmd)
			p.Await(t, "/shop", 2)
			fire.Signal(syscall.SIGINT) // this is logged, and so is the reason for the exit code
			assert.Equal(t, command.ExitSignal+int(syscall.SIGINT), fire.Wait().ExitCode())
			assert.Contains(t, fire.Output(), "1001")
		})
	}
}

func TestTheDemoEndsWhereNobodyReadsItsOutput(t *testing.T) {
	t.Parallel()
	_, w := newFullPipe(t)
	address := "127.0.0.1:" + rig.FreePort(t)
	cmd := exec.CommandContext(t.Context(), "prober", "demo", "--web.listen-address="+address, "--log.level=debug")
	cmd.Stdout, cmd.Stderr = w, w
	p := rig.Start(t, cmd)
	rig.Until(t, "targets fail", func() bool {
		m, err := rig.Scrape(t.Context(), "http://"+address+"/metrics")
		return err == nil && m.Sum("prober_request_failures_total") > 0
	})
	p.Signal(syscall.SIGTERM)
	assert.Zero(t, p.Wait().ExitCode())
}

func TestTheDemoEndsWhenItsOutputHasNoReader(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	t.Cleanup(func() { w.Close() })
	cmd := exec.CommandContext(t.Context(), "prober", "demo", "--web.listen-address=127.0.0.1:0")
	cmd.Stdout = w
	p := rig.Start(t, cmd)
	assert.Equal(t, command.ExitError, p.Wait().ExitCode())
	assert.Contains(t, p.Output(), "broken pipe")
}

func TestAProgramThatCannotStartEndsBesideALogThatTakesNothing(t *testing.T) {
	t.Parallel()
	for name, badLog := range badLogs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), "prober", "run", "--config.file=absent.yml")
			cmd.Stderr = badLog(t)
			assert.Equal(t, command.ExitUsage, rig.Start(t, cmd).Wait().ExitCode())
		})
	}
}
