package acceptance

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// reloads returns the number of reloads in the storm. Every second one fails. The race detector makes each take ten
// times as long.
func reloads() int {
	if rig.IsRaceDetected() {
		return 100
	}
	return 1000
}

// newSteady is a server that takes a moment for each request.
func newSteady(t *testing.T, wire peers.Wire) *peers.Site {
	t.Helper()
	return peers.Serve(t, wire, func(http.ResponseWriter, *http.Request) {
		<-time.After(20 * time.Millisecond) // so that a reload finds requests in flight
	})
}

// storm is a daemon with its configuration mounted as a Kubernetes ConfigMap: prober.yml is a link to
// ..data/prober.yml, and ..data is a link to a folder. Each version has a new folder.
type storm struct {
	*rig.Daemon

	mount  string
	folder string // ..data leads to it, unless something is broken
	secret []byte // the certificate of the server with TLS
	// kept and changed are the servers of permanent targets.
	kept, changed map[string]*peers.Site
	others        *peers.Site // of targets that come and go
	// last is the result of the last good reload.
	last struct {
		config string
		time   float64
	}
}

// keptTargets never change. Each has a limit of connections.
var keptTargets = map[string]struct {
	load  string
	conns int64
}{
	"kept-closed":  {"burst: {requests: 4, concurrency: 2}", 2},
	"kept-open":    {"interval: 50ms, burst: {rate: 400, requests: 10, concurrency: 3}", 3},
	"kept-endless": {"burst: {duration: 10m, concurrency: 2}", 2},
	"kept-h2":      {"burst: {duration: 10m, concurrency: 4}, connection: {http_version: 2, tls: {ca_file: ca.pem}}", 1},
}

// changedTargets change with each good reload.
var changedTargets = map[string]string{
	"changed-closed":  "burst: {requests: 4, concurrency: 2}",
	"changed-open":    "burst: {rate: 400, requests: 40, concurrency: 3}",
	"changed-endless": "burst: {duration: 10m, concurrency: 2}",
}

func newStorm(t *testing.T, flags ...string) *storm {
	t.Helper()
	s := &storm{mount: t.TempDir(), kept: map[string]*peers.Site{}, changed: map[string]*peers.Site{}, others: newSteady(t, peers.HTTP1)}
	for name := range keptTargets {
		if name != "kept-h2" {
			s.kept[name] = newSteady(t, peers.HTTP1)
			continue
		}
		server := newSteady(t, peers.HTTP2)
		s.kept[name] = server
		s.secret = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	}
	for name := range changedTargets {
		s.changed[name] = newSteady(t, peers.HTTP1)
	}
	for _, name := range []string{"prober.yml", "ca.pem"} {
		require.NoError(t, os.Symlink(filepath.Join("..data", name), filepath.Join(s.mount, name)))
	}
	require.NoError(t, s.swap(s.config(0)))
	args := append([]string{"--web.listen-address=127.0.0.1:0", "--config.refresh-interval=0s", "--config.file=" + filepath.Join(s.mount, "prober.yml")}, flags...)
	p := rig.Start(t, exec.CommandContext(t.Context(), "prober", args...))
	s.Daemon = &rig.Daemon{Process: p, URL: p.AwaitURL()}
	return s
}

// config returns the configuration of a round. Every ten rounds another target comes, and goes thirty rounds later.
func (s *storm) config(round int) string {
	var text strings.Builder
	text.WriteString("metrics: {buckets: [0.01, 1]}\n" + // few, for the scrapes to be quick
		"defaults: {interval: 20ms, timeout: 1m, connection: {connect_timeout: 1m, tls_timeout: 1m}}\ntargets:\n")
	for name, target := range keptTargets {
		fmt.Fprintf(&text, "  - {name: %s, url: %q, %s}\n", name, s.kept[name].URL, target.load)
	}
	for name, load := range changedTargets {
		fmt.Fprintf(&text, "  - {name: %s, url: %q, labels: {round: \"%d\"}, %s}\n", name, s.changed[name].URL, round, load)
	}
	for k := round/10 - 2; k <= round/10; k++ {
		fmt.Fprintf(&text, "  - {name: passing%d, url: %q, burst: {rate: 200, requests: 2}}\n", k, s.others.URL)
	}
	return text.String()
}

func (s *storm) file() string { return filepath.Join(s.folder, "prober.yml") }

func (s *storm) write(text string) error { return os.WriteFile(s.file(), []byte(text), 0o600) }

func (s *storm) delete(string) error { return os.Remove(s.file()) }

func (s *storm) writeSecret() error {
	return os.WriteFile(filepath.Join(s.folder, "ca.pem"), s.secret, 0o600)
}

// swap writes a version of the configuration as the kubelet does.
func (s *storm) swap(text string) error {
	before := s.folder
	var err error
	if s.folder, err = os.MkdirTemp(s.mount, "..20"); err != nil {
		return err
	}
	return errors.Join(s.write(text), s.writeSecret(), s.link(s.folder), os.RemoveAll(before))
}

// link makes ..data lead to folder in one step.
func (s *storm) link(folder string) error {
	data := filepath.Join(s.mount, "..data")
	return errors.Join(os.Symlink(folder, data+"_tmp"), os.Rename(data+"_tmp", data))
}

// goodWays write a configuration that can be loaded, even after a bad way.
func (s *storm) goodWays() []func(text string) error {
	mend := func() error { return errors.Join(os.RemoveAll(s.file()), s.writeSecret(), s.link(s.folder)) }
	return []func(string) error{
		s.swap,
		func(text string) error { return errors.Join(mend(), s.write(text)) },
		func(text string) error { // renamed into place
			next := filepath.Join(s.folder, "next")
			return errors.Join(mend(), os.WriteFile(next, []byte(text), 0o600), os.Rename(next, s.file()))
		},
	}
}

// badWays leave nothing to load. Root can read a file without permission, so other ways stand for it then.
func (s *storm) badWays() []func(text string) error {
	return []func(string) error{
		func(text string) error { return s.write(text[:strings.LastIndex(text, "burst")]) }, // truncated
		func(string) error { return s.write("") },
		s.delete,
		func(string) error { return s.link(filepath.Join(s.mount, "nowhere")) },
		func(string) error { return s.link("..data") }, // it leads to itself
		func(string) error { return errors.Join(os.Remove(s.file()), os.Mkdir(s.file(), 0o700)) },
		func(text string) error { return s.swap(text[:strings.LastIndex(text, "burst")]) },
		func(text string) error {
			return s.swap(text + "  - {name: wrong, url: 'http://127.0.0.1/', interval: -5s}\n")
		},
		func(text string) error { return s.write(text + "  - {name: kept-open, url: 'http://127.0.0.1/'}\n") },
		func(text string) error {
			return s.write(text + "  - {name: more, url: 'http://127.0.0.1/', request: {method: POST, body_file: missing}}\n")
		},
		func(text string) error {
			return errors.Join(s.write(text), os.Remove(filepath.Join(s.folder, "ca.pem")))
		},
	}
}

// rage reloads again and again, and checks the result each time.
func (s *storm) rage(ctx context.Context) error {
	good, bad := s.goodWays(), s.badWays()
	for round := 1; round <= reloads(); round++ {
		var err error
		isGood := round%2 == 0
		if isGood {
			err = good[round/2%len(good)](s.config(round))
		} else {
			err = bad[round/2%len(bad)](s.config(round))
		}
		if err == nil {
			err = s.demand(ctx, round, isGood)
		}
		if err == nil {
			err = s.look(ctx, round, isGood)
		}
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	return nil
}

// demand makes the daemon reload: each tenth time by a signal, else over HTTP.
func (s *storm) demand(ctx context.Context, round int, isGood bool) error {
	if round/2%10 == 0 {
		return s.hangUp(round)
	}
	want := map[bool]int{true: http.StatusOK, false: http.StatusInternalServerError}[isGood]
	status, answer, err := rig.Fetch(ctx, http.MethodPost, s.URL+"/-/reload")
	if err != nil || status != want {
		return fmt.Errorf("reload: status %d, %s, %w", status, answer, err)
	}
	return nil
}

// hangUp sends SIGHUP and waits until the daemon has logged the result. It logs one in each round, and the line of an
// earlier round may still be on its way.
func (s *storm) hangUp(round int) error {
	tried := func() int { return strings.Count(s.Output(), "the configuration was") }
	s.Signal(syscall.SIGHUP)
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	timeout := time.After(time.Minute)
	for tried() < round {
		select {
		case <-look.C:
		case <-timeout:
			return errors.New("SIGHUP was not heeded")
		}
	}
	return nil
}

// gauge returns the value of a metric without labels. It parses nothing, because a storm leaves little time for it.
func gauge(metrics []byte, name string) (float64, error) {
	_, rest, _ := bytes.Cut(metrics, []byte("\n"+name+" "))
	value, _, _ := bytes.Cut(rest, []byte("\n"))
	return strconv.ParseFloat(string(value), 64)
}

// look checks the configuration and the gauges after a reload.
func (s *storm) look(ctx context.Context, round int, isGood bool) error {
	_, config, err := rig.Fetch(ctx, http.MethodGet, s.URL+"/config")
	if err != nil {
		return err
	}
	_, metrics, err := rig.Fetch(ctx, http.MethodGet, s.URL+"/metrics")
	if err != nil {
		return err
	}
	success, missing := gauge(metrics, "prober_config_last_reload_successful")
	at, err := gauge(metrics, "prober_config_last_reload_success_timestamp_seconds")
	if err = errors.Join(err, missing); err != nil {
		return fmt.Errorf("%w in %d bytes of metrics", err, len(metrics))
	}
	before := s.last
	s.last.config, s.last.time = string(config), at
	switch {
	case (success == 1) != isGood:
		return fmt.Errorf("success is %v", success)
	case isGood && !strings.Contains(s.last.config, `round: "`+strconv.Itoa(round)+`"`):
		return errors.New("the new configuration is not shown")
	case isGood && s.last.time <= before.time:
		return fmt.Errorf("the time of the last success is %f after %f", s.last.time, before.time)
	case !isGood && s.last != before:
		return errors.New("a bad file changed the configuration or the time of the last success")
	}
	return nil
}

func TestAStormOfReloadsLosesNothing(t *testing.T) {
	t.Parallel()
	s := newStorm(t, "--web.enable-lifecycle")
	calm := s.awaitAll()
	require.NoError(t, s.look(t.Context(), 0, true))
	over := make(chan error, 1)
	go func() { over <- s.rage(t.Context()) }()
	var l ledger
	for {
		require.NoError(t, l.note(s.Scrape()))
		select {
		case err := <-over:
			require.NoError(t, err)
			s.requireCalm(t, calm)
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func TestAConfigMapThatIsSwappedIsLoaded(t *testing.T) {
	t.Parallel()
	s := newStorm(t, "--config.auto-reload-interval=10ms")
	calm := s.awaitAll()
	require.NoError(t, s.look(t.Context(), 0, true))
	bad := []func(text string) error{
		func(text string) error { return s.swap(text[:strings.LastIndex(text, "burst")]) },
		func(string) error { return s.link(filepath.Join(s.mount, "nowhere")) },
	}
	var l ledger
	for round := 1; round <= 20; round++ {
		isGood := round%2 == 0
		if isGood {
			require.NoError(t, s.swap(s.config(round)))
		} else {
			require.NoError(t, bad[round/2%2](s.config(round)))
		}
		rig.Until(t, fmt.Sprintf("the daemon has seen version %d", round), func() bool {
			before := s.last
			err := s.look(t.Context(), round, isGood)
			if err != nil {
				s.last = before
			}
			return err == nil
		})
		require.NoError(t, l.note(s.Scrape()))
	}
	s.requireCalm(t, calm)
}

// awaitAll waits for a request of each target and returns the metrics then.
func (s *storm) awaitAll() rig.Metrics {
	return s.AwaitMetrics("a request of each target", func(m rig.Metrics) bool {
		for _, target := range m.Values("prober_target_info", "target") {
			if requestsOf(m, target) == 0 {
				return false
			}
		}
		return true
	})
}

// requireCalm compares the daemon after the storm with the daemon before, and its last metrics with the servers'
// counts.
func (s *storm) requireCalm(t *testing.T, before rig.Metrics) {
	t.Helper()
	s.AwaitMetrics("as few goroutines and files as before", func(m rig.Metrics) bool {
		return m.Sum("go_goroutines") < before.Sum("go_goroutines")+20 && m.Sum("process_open_fds") < before.Sum("process_open_fds")+20
	})
	last := s.Terminate()
	requireSame := func(target string, server *peers.Site) {
		assert.Equal(t, []string{"0"}, codesOf(last, target), "%s: codes", target)
		assert.InDelta(t, server.Requests(), requestsOf(last, target), 0, "%s: requests", target)
		assert.InDelta(t, server.Connections(), last.Sum("prober_connections_opened_total", "target", target), 0, "%s: connections", target)
		assert.Zero(t, last.Sum("prober_requests_dropped_total", "target", target, "reason", "timeout"), target)
	}
	for target, server := range s.kept {
		requireSame(target, server)
		assert.LessOrEqual(t, server.Connections(), keptTargets[target].conns, "%s: connections", target)
		assert.Zero(t, last.Sum("prober_requests_dropped_total", "target", target, "reason", "reload"), target)
	}
	for target, server := range s.changed {
		requireSame(target, server)
	}
}
