package prober

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/numbers"
)

// patience bounds every wait of a test; it is far above the need.
const patience = 2 * time.Minute

// server is the server of the targets.
type server struct{ *peers.Site }

func newServer(t *testing.T, handler http.HandlerFunc) server {
	t.Helper()
	return server{peers.Serve(t, peers.HTTP1, handler)}
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

// target returns a target for s that fires a request every 20 ms.
func (s server) target(name string) config.Target {
	return config.Target{
		Name:       name,
		URL:        s.Root(),
		Interval:   20 * time.Millisecond,
		Timeout:    patience,
		Burst:      config.Burst{Requests: 1, Concurrency: 1},
		Request:    config.Request{Method: "GET"},
		Connection: config.Connection{Reuse: config.ReuseAlways, Dial: option.Dial{ConnectTimeout: patience, TLSTimeout: patience}},
	}
}

func newTestManager(t *testing.T) *Manager {
	t.Helper()
	m := NewManager(Options{
		Log:     slog.New(slog.DiscardHandler),
		Metrics: config.Metrics{Buckets: testBuckets, NativeHistograms: true, NativeFactor: 1.05},
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		m.Shutdown(ctx)
	})
	return m
}

func apply(t *testing.T, m *Manager, targets ...config.Target) {
	t.Helper()
	require.NoError(t, m.Apply(&config.Config{Targets: targets, Metrics: m.metrics}))
}

// tallyOf returns the numbers of a target, even while it drains.
func tallyOf(m *Manager, name string) numbers.Snapshot {
	m.mu.Lock()
	e := m.entries[name]
	m.mu.Unlock()
	if e == nil {
		return numbers.Snapshot{Distributions: &numbers.Distributions{}}
	}
	return e.recorder.Snapshot(numbers.WithEverything)
}

// isGone reports whether nothing is left of a target.
func isGone(m *Manager, name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries[name] == nil
}

func awaitRequests(t *testing.T, m *Manager, name string, n uint64) {
	t.Helper()
	require.Eventually(t, func() bool {
		c := tallyOf(m, name)
		return c.ByCode[errcode.OK] != nil && c.ByCode[errcode.OK].Count() >= n
	}, patience, time.Millisecond)
}

func TestReloadLeavesUnchangedTargetsAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	apply(t, m, s.target("stays"))
	awaitRequests(t, m, "stays", 2)
	run := m.entries["stays"].run
	for range 50 {
		apply(t, m, s.target("stays"), s.target("new"))
		apply(t, m, s.target("stays"))
	}
	before := tallyOf(m, "stays").ByCode[errcode.OK].Count()
	awaitRequests(t, m, "stays", before+2)
	assert.Same(t, run, m.entries["stays"].run)
	assert.EqualValues(t, 1, tallyOf(m, "stays").Opened, "its connection stayed warm")
}

func TestChangedTargetKeepsItsCounters(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	apply(t, m, s.target("changes"))
	awaitRequests(t, m, "changes", 3)
	changed := s.target("changes")
	changed.Interval = 15 * time.Millisecond
	apply(t, m, changed)
	c := tallyOf(m, "changes")
	assert.GreaterOrEqual(t, c.ByCode[errcode.OK].Count(), uint64(3))
	awaitRequests(t, m, "changes", c.ByCode[errcode.OK].Count()+2)
	assertConserved(t, tallyOf(m, "changes"))
}

func TestConnectionsThatDrainAreCountedAsOpen(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) { <-release; ok(w, r) })
	m := newTestManager(t)
	isOpen := func(n int) bool {
		detail, _ := m.Target("changes")
		return detail.Open == n
	}
	const series = `prober_connections_open{target="changes"}`
	apply(t, m, s.target("changes"))
	require.Eventually(t, func() bool { return s.Requests() == 1 }, patience, time.Millisecond)
	changed := s.target("changes")
	changed.Interval = 1000 * time.Hour
	apply(t, m, changed)
	assert.True(t, isOpen(1), "the request of the old configuration is still in flight")
	assertSample(t, exposition(t, m), series, 1)
	close(release)
	require.Eventually(t, func() bool { return isOpen(0) }, patience, time.Millisecond)
	assertSample(t, exposition(t, m), series, 0) // nothing opens another one
}

func TestRemovedTargetGoesAfterItsLastRequestWasCounted(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) { <-release; ok(w, r) })
	m := newTestManager(t)
	apply(t, m, s.target("goes"))
	require.Eventually(t, func() bool { return s.Requests() == 1 }, patience, time.Millisecond)
	apply(t, m)
	c := tallyOf(m, "goes")
	require.NotNil(t, c, "it is there while it drains")
	assert.EqualValues(t, 1, c.InFlight)
	assert.Empty(t, m.Targets(), "and no longer one of the targets")
	close(release)
	require.Eventually(t, func() bool { return isGone(m, "goes") }, patience, time.Millisecond)
	assert.EqualValues(t, 1, s.Requests())
}

func TestTargetThatComesBackWhileItDrainsKeepsItsCounters(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) { <-release; ok(w, r) })
	m := newTestManager(t)
	apply(t, m, s.target("back"))
	require.Eventually(t, func() bool { return s.Requests() == 1 }, patience, time.Millisecond)
	apply(t, m)
	apply(t, m, s.target("back"))
	close(release)
	awaitRequests(t, m, "back", 3)
	require.Eventually(t, func() bool {
		c := tallyOf(m, "back")
		assertConserved(t, c)
		return c.Bursts >= 3
	}, patience, time.Millisecond)
}

func TestConfigurationThatCannotBeCompiledChangesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	m := newTestManager(t)
	apply(t, m, s.target("stays"))
	bad := s.target("bad")
	bad.URL = &url.URL{Scheme: "https", Host: "x.example"}
	bad.Connection.TLS.CA = []byte("no certificate")
	err := m.Apply(&config.Config{Targets: []config.Target{s.target("new"), bad}})
	require.ErrorContains(t, err, `target "bad"`)
	assert.Len(t, m.Targets(), 1)
	assert.Equal(t, "stays", m.Targets()[0].Name)
}

// askedFor is a context that calls asked when somebody asks for its end. Shutdown does
// so once it has told every target to start nothing more.
type askedFor struct {
	context.Context //nolint:containedctx // it is a context

	asked func()
}

func (c askedFor) Done() <-chan struct{} {
	c.asked()
	return c.Context.Done()
}

func TestShutdownWaitsForRequestsInFlight(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) { <-release; ok(w, r) })
	m := newTestManager(t)
	apply(t, m, s.target("a"), s.target("b"))
	require.Eventually(t, func() bool { return s.Requests() == 2 }, patience, time.Millisecond)
	m.Shutdown(askedFor{t.Context(), sync.OnceFunc(func() { close(release) })})
	for _, name := range []string{"a", "b"} {
		c := tallyOf(m, name)
		assertConserved(t, c)
		assert.EqualValues(t, 1, c.ByCode[errcode.OK].Count())
		assert.Zero(t, c.InFlight)
	}
	require.Error(t, m.Apply(&config.Config{}), "nothing starts after the end")
}

func TestShutdownCancelsWhatOutlivesTheGrace(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := newServer(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	m := newTestManager(t)
	apply(t, m, s.target("hangs"))
	require.Eventually(t, func() bool { return s.Requests() == 1 }, patience, time.Millisecond)
	apply(t, m) // it drains as a removed target does
	expired, cancel := context.WithCancel(context.Background())
	cancel()
	before := m.entries["hangs"].recorder
	m.Shutdown(expired)
	c := before.Snapshot(numbers.WithEverything)
	assertConserved(t, c)
	assert.EqualValues(t, 1, c.ByCode[errcode.Cancelled].Count(), "by the prober itself, and counted as that")
	assert.Zero(t, c.InFlight)
}
