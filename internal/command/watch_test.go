package command

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/rig"
)

func TestFingerprintIsOfTheContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b, link := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "link")
	require.NoError(t, os.WriteFile(a, []byte("one"), 0o600))
	require.NoError(t, os.WriteFile(b, []byte("two"), 0o600))
	require.NoError(t, os.Symlink(a, link))
	changed := func(f fingerprint) bool { return f.changed([]string{link}) }

	f := fingerprint{link: config.SumOf(link)}
	assert.False(t, changed(f))
	require.NoError(t, os.WriteFile(a, []byte("one"), 0o600))
	assert.False(t, changed(f), "written again with the same content")
	require.NoError(t, os.Symlink(b, link+".new"))
	require.NoError(t, os.Rename(link+".new", link))
	assert.True(t, changed(f), "a link that was swapped, as Kubernetes does")
	f = fingerprint{link: config.SumOf(link)}
	assert.False(t, changed(f))
	require.NoError(t, os.Remove(b))
	assert.True(t, changed(f), "a file that is gone")
	f = fingerprint{link: config.SumOf(link)}
	assert.False(t, changed(f))
	require.NoError(t, os.WriteFile(b, []byte("two"), 0o600))
	assert.True(t, changed(f), "a file that is back")
	f = fingerprint{link: config.SumOf(link)}
	require.NoError(t, errors.Join(os.Remove(b), syscall.Mkfifo(b, 0o600)))
	assert.True(t, changed(f), "a pipe, which nobody writes to and nobody waits for")
}

// postOf returns a configuration with a target. The target sends the file body,
// or nothing if body is "".
func postOf(body string) string {
	target := "name: shop, url: \"http://127.0.0.1:1/shop\", interval: 1h"
	if body != "" {
		target += ", request: {method: POST, body_file: " + body + "}"
	}
	return "targets: [{" + target + "}]\n"
}

func TestAFileThatAReloadBroughtIsWatchedAsItWasLoaded(t *testing.T) {
	t.Parallel()
	d := newIdle(t, postOf(""))
	rig.WriteFile(t, d.folder, "prober.yml", "%s", postOf("body"))
	require.NoError(t, d.reload())
	rig.WriteFile(t, d.folder, "body", "two")
	d.refreshIfChanged()
	assert.Equal(t, "two", d.body())
	rig.WriteFile(t, d.folder, "body", "three")
	d.reloadIfChanged()
	assert.Equal(t, "three", d.body())
}

func TestAFileThatChangesWhileItIsAppliedIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]func(*daemon){"refresh": (*daemon).refreshIfChanged, "auto-reload": (*daemon).reloadIfChanged} {
		d := newIdle(t, postOf("body"))
		text, err := config.Read(d.flags.configFile)
		require.NoError(t, err)
		cfg, err := config.Parse(text, d.flags.configFile)
		require.NoError(t, err)
		rig.WriteFile(t, d.folder, "body", "two")
		require.NoError(t, d.apply(text, cfg))
		require.Equal(t, "one", d.body())
		look(d.daemon)
		assert.Equal(t, "two", d.body(), name)
		before := d.current.Load()
		look(d.daemon)
		assert.Same(t, before, d.current.Load(), "once")
	}
}

func TestAutoReloadGoesOnUntilWhatWasMissingIsThere(t *testing.T) {
	t.Parallel()
	d := newIdle(t, postOf(""))
	rig.WriteFile(t, d.folder, "prober.yml", "%s", postOf("late"))
	for range 3 {
		d.reloadIfChanged()
	}
	assert.Equal(t, 1, strings.Count(d.output.String(), "the configuration was not loaded"), "the same failure is logged once")
	assert.False(t, d.isGood())
	rig.WriteFile(t, d.folder, "late", "two")
	d.reloadIfChanged()
	assert.Equal(t, "two", d.body())
	assert.True(t, d.isGood())
	d.reloadIfChanged()
	assert.Equal(t, 1, strings.Count(d.output.String(), "the configuration was loaded"))
}

func TestAConfigurationThatIsBackAsItWasIsGood(t *testing.T) {
	t.Parallel()
	d := newIdle(t, postOf("body"))
	for _, c := range []struct {
		name, content string
		look          func()
	}{
		{"prober.yml", postOf("body"), d.reloadIfChanged},
		{"body", "one", d.reloadIfChanged},
		{"body", "one", d.refreshIfChanged},
	} {
		require.NoError(t, os.Remove(filepath.Join(d.folder, c.name)))
		c.look()
		assert.False(t, d.isGood(), "without %s", c.name)
		rig.WriteFile(t, d.folder, c.name, "%s", c.content)
		c.look()
		assert.True(t, d.isGood(), "with %s again", c.name)
	}
}

func TestARefreshLeavesTheConfigurationToAutoReload(t *testing.T) {
	t.Parallel()
	d := newIdle(t, postOf("body"))
	rig.WriteFile(t, d.folder, "prober.yml", "targets: []\n")
	rig.WriteFile(t, d.folder, "body", "two")
	d.refreshIfChanged()
	assert.Equal(t, "two", d.body())
	d.reloadIfChanged()
	assert.Empty(t, d.current.Load().Targets)
}

func TestAPanicFailsOneAttemptAndTheTargetsGoOn(t *testing.T) {
	t.Parallel()
	d := newIdle(t, postOf("body"))
	whole := d.parse
	d.parse = func([]byte, string, *config.Config) (*config.Config, error) { panic("no such thing") }
	assert.Regexp(t, `prober\.yml: a fault of the prober, please report it: panic at watch_test\.go:\d+: no such thing$`, d.reload())
	assert.False(t, d.isGood())
	d.parse = func(_ []byte, _ string, c *config.Config) (*config.Config, error) {
		return nil, errors.New(c.Files[1<<20])
	}
	assert.Regexp(t, `panic at watch_test\.go:\d+: .* index out of range`, d.reload())
	d.reloadIfChanged()
	assert.Equal(t, 1, strings.Count(d.output.String(), "index out of range"), "the same failure is logged once")
	rig.WriteFile(t, d.folder, "body", "two")
	d.refreshIfChanged()
	assert.Equal(t, "one", d.body())
	d.parse = whole
	require.NoError(t, d.reload())
	assert.True(t, d.isGood())
	assert.Equal(t, "two", d.body())
}

// TestWhatIsReadLaterIsLoadedLater makes one attempt wait for another with a
// newer configuration.
func TestWhatIsReadLaterIsLoadedLater(t *testing.T) {
	t.Parallel()
	for name, attempt := range map[string]func(*idle){
		"a reload":  func(d *idle) { _ = d.reload() },
		"a refresh": func(d *idle) { d.refreshIfChanged() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newIdle(t, postOf("body"))
			rig.WriteFile(t, d.folder, "body", "two")
			d.mu.Lock()
			over := make(chan struct{})
			go func() {
				defer close(over)
				attempt(d)
			}()
			select { // long enough to read too early
			case <-over:
			case <-time.After(100 * time.Millisecond):
			}
			rig.WriteFile(t, d.folder, "prober.yml", "targets: []\n")
			assert.NoError(t, d.loadFile())
			d.mu.Unlock()
			<-over
			assert.Empty(t, d.current.Load().Targets)
		})
	}
}
