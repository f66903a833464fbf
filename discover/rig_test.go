package discover

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/rig"
)

func TestMain(m *testing.M) {
	SetLibraryLog(slog.DiscardHandler)
	rig.VerifyTestMain(m)
}

// patience bounds all waiting in tests; it is far above the time needed.
const patience = 2 * time.Minute

// running is a set of discoveries under test.
type running struct {
	*Set
	t   *testing.T
	log *logText
	dir string
}

// logText is a log that tests read.
type logText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// run starts the discoveries of a configuration in dir. Its file need not
// exist.
func run(t *testing.T, dir, text string) *running {
	t.Helper()
	log := new(logText)
	r := &running{Set: New(slog.New(slog.NewTextHandler(log, nil))), t: t, log: log, dir: dir}
	r.load(text)
	t.Cleanup(func() {
		r.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, r.Wait(ctx))
	})
	return r
}

// load replaces the discoveries.
func (r *running) load(text string) {
	r.t.Helper()
	change, err := r.Prepare(r.entries(text))
	require.NoError(r.t, err)
	change.Targets(nil)
	change.Commit()
}

func (r *running) entries(text string) []config.Discover { return entriesOf(r.t, r.dir, text) }

func entriesOf(t *testing.T, dir, text string) []config.Discover {
	t.Helper()
	cfg, err := config.Parse([]byte(text+"\ntargets: []\n"), filepath.Join(dir, "prober.yml"))
	require.NoError(t, err)
	return cfg.Discover
}

// names returns the names of the found targets.
func (r *running) names() []string {
	names := []string{}
	for _, t := range r.Targets(nil) {
		names = append(names, t.Name)
	}
	return names
}

// await waits until the targets have these names.
func (r *running) await(names ...string) {
	r.t.Helper()
	rig.Until(r.t, "the targets are "+strings.Join(names, " "), func() bool {
		return strings.Join(r.names(), " ") == strings.Join(names, " ")
	})
}

// awaitIn waits until each mechanism has reported.
func (r *running) awaitIn() {
	r.t.Helper()
	rig.Until(r.t, "all discoveries are in", r.IsIn)
	r.Targets(nil)
}

// mechanism returns the state of a mechanism.
func (r *running) mechanism(discovery, number int) Mechanism {
	return r.Status()[discovery].Mechanisms[number]
}

// write writes a file by renaming, the right way.
func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// simple is the target of most tests.
const simple = `
    target:
      name: 'found/{{ __address__ }}'
      url: 'http://{{ __address__ }}/'
`

func (r *running) awaitFailure() {
	r.t.Helper()
	rig.Until(r.t, "the mechanism fails", func() bool { return !r.mechanism(0, 0).FailingSince.IsZero() })
}

func (r *running) awaitRecovery() {
	r.t.Helper()
	rig.Until(r.t, "the mechanism works again", func() bool { return r.mechanism(0, 0).FailingSince.IsZero() })
}

func (r *running) awaitKept() {
	r.t.Helper()
	rig.Until(r.t, "the last targets are kept", func() bool {
		r.Targets(nil)
		return !r.Status()[0].KeptSince.IsZero()
	})
}
