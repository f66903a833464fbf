package command

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// targetsNamed returns a file with targets of these names. They fire nothing during a test.
func targetsNamed(names ...string) string {
	var items []string
	for _, name := range names {
		items = append(items, fmt.Sprintf("{name: %s, url: 'http://127.0.0.1:1/', interval: 8760h}", name))
	}
	return "targets: [" + strings.Join(items, ", ") + "]\n"
}

// newIdleWith returns a daemon with a configuration that names the files of a folder, d.
func newIdleWith(t *testing.T, onError string, files ...string) *idle {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "d"), 0o750))
	for i := 0; i < len(files); i += 2 {
		rig.WriteFile(t, folder, files[i], "%s", files[i+1])
	}
	return newIdleFrom(t, rig.WriteFile(t, folder, "prober.yml", "target_files: ['d/*.yml']\non_error: %s\n", onError))
}

// names returns the names of the running targets.
func (d *idle) names() string {
	var names []string
	for _, t := range d.manager.Targets() {
		names = append(names, t.Name)
	}
	return strings.Join(names, " ")
}

// get returns the content of a page of the daemon.
func (d *idle) get(path string) string {
	d.t.Helper()
	r, err := http.Get(d.url + path)
	require.NoError(d.t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(d.t, err)
	return string(text)
}

func TestFilesOfTargetsThatComeAndGoAreSeen(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]func(*daemon){"refresh": (*daemon).refreshIfChanged, "auto-reload": (*daemon).reloadIfChanged} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newIdleWith(t, "fail", "d/a.yml", targetsNamed("a"))
			require.Equal(t, "a", d.names())
			rig.WriteFile(t, d.folder, "d/b.yml", "%s", targetsNamed("b"))
			look(d.daemon)
			assert.Equal(t, "a b", d.names(), "one that came")
			rig.WriteFile(t, d.folder, "d/b.yml", "%s", targetsNamed("b", "b2"))
			look(d.daemon)
			assert.Equal(t, "a b b2", d.names(), "one that changed")
			require.NoError(t, os.Remove(filepath.Join(d.folder, "d/a.yml")))
			look(d.daemon)
			assert.Equal(t, "b b2", d.names(), "one that went")
			before := d.current.Load()
			look(d.daemon)
			assert.Same(t, before, d.current.Load(), "once")

			rig.WriteFile(t, d.folder, "d/c.yml", "%s", targetsNamed("b"))
			look(d.daemon)
			look(d.daemon)
			assert.Same(t, before, d.current.Load(), "one that is wrong changes nothing")
			assert.False(t, d.isGood())
			assert.Equal(t, 1, strings.Count(d.output.String(), "the configuration was not loaded"))
			rig.WriteFile(t, d.folder, "d/c.yml", "%s", targetsNamed("c"))
			look(d.daemon)
			assert.Equal(t, "b b2 c", d.names())
			assert.True(t, d.isGood())
		})
	}
}

func TestAConfigMapOfTargetsThatIsSwappedIsLoaded(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	mount := filepath.Join(folder, "d")
	swap := func(version string, files map[string]string) {
		require.NoError(t, os.MkdirAll(filepath.Join(mount, version), 0o750))
		for name, text := range files {
			rig.WriteFile(t, filepath.Join(mount, version), name, "%s", text)
		}
		require.NoError(t, os.Symlink(version, filepath.Join(mount, "..new")))
		require.NoError(t, os.Rename(filepath.Join(mount, "..new"), filepath.Join(mount, "..data")))
	}
	link := func(name string) {
		require.NoError(t, os.Symlink(filepath.Join("..data", name), filepath.Join(mount, name)))
	}
	swap("..1", map[string]string{"a.yml": targetsNamed("a"), "b.yml": targetsNamed("b")})
	link("a.yml")
	link("b.yml")
	d := newIdleFrom(t, rig.WriteFile(t, folder, "prober.yml", "target_files: ['d/*.yml']\non_error: keep\n"))
	assert.Equal(t, "a b", d.names())

	swap("..2", map[string]string{"a.yml": targetsNamed("a", "a2"), "c.yml": targetsNamed("c")})
	d.reloadIfChanged()
	assert.Equal(t, "a a2 b", d.names(), "a link that leads nowhere for a moment takes no targets away")
	require.NoError(t, os.Remove(filepath.Join(mount, "b.yml")))
	link("c.yml")
	d.reloadIfChanged()
	assert.Equal(t, "a a2 c", d.names())
	assert.Equal(t, 1, strings.Count(d.output.String(), "a file of targets was not loaded"))
}

func TestAWrongFileOfTargetsIsNamedAndHurtsNoOther(t *testing.T) {
	t.Parallel()
	d := newIdleWith(t, "keep", "d/a.yml", targetsNamed("a"), "d/b.yml", targetsNamed("b"))
	metric := func(file string) float64 {
		m, err := rig.Scrape(t.Context(), d.url+"/metrics")
		require.NoError(t, err)
		return m.Sum("prober_config_file_last_reload_successful", "file", file)
	}
	rig.WriteFile(t, d.folder, "d/a.yml", "%s", targetsNamed("a", "a2"))
	rig.WriteFile(t, d.folder, "d/b.yml", "targets: [{name: b, url: 'http://user:canary@h/'}]\n")
	for range 3 {
		require.NoError(t, d.reload())
		assert.Equal(t, "a a2 b", d.names())
	}
	assert.True(t, d.isGood())
	assert.InDelta(t, 1, metric("d/a.yml"), 0)
	assert.Zero(t, metric("d/b.yml"))
	log := d.output.String()
	assert.Equal(t, 1, strings.Count(log, "a file of targets was not loaded; its last targets stay\" file=d/b.yml targets=1"), "once: %s", log)
	page := d.get("/")
	assert.Contains(t, page, "1 file of targets has a mistake. The prober keeps the last targets of that file.")
	assert.Contains(t, page, "Targets in d/b.yml")
	assert.Contains(t, page, "kept, because the file has a mistake: d/b.yml:1: targets[0] &#34;b&#34;: url: must not contain a user name or password")
	assert.NotContains(t, page, d.folder)
	shown := d.get("/config")
	assert.Contains(t, shown, `# of "d/b.yml"`)
	for _, text := range []string{log, page, shown, d.get("/metrics")} {
		assert.NotContains(t, text, "canary")
	}

	rig.WriteFile(t, d.folder, "d/b.yml", "targets: [{name: b, url: 'x://h/'}]\n")
	require.NoError(t, d.reload())
	assert.Equal(t, 2, strings.Count(d.output.String(), "a file of targets was not loaded"), "wrong in another way")
	rig.WriteFile(t, d.folder, "d/b.yml", "%s", targetsNamed("b2"))
	require.NoError(t, d.reload())
	assert.Equal(t, "a a2 b2", d.names())
	assert.InDelta(t, 1, metric("d/b.yml"), 0)
	assert.Contains(t, d.output.String(), "a file of targets is right again")
}

func TestATargetOfAWrongFileIsLeftAlone(t *testing.T) {
	t.Parallel()
	d := newIdleWith(t, "keep", "d/a.yml", targetsNamed("a"))
	before := d.manager.Config("a")
	rig.WriteFile(t, d.folder, "d/a.yml", "targets: x\n")
	rig.WriteFile(t, d.folder, "prober.yml", "defaults: {timeout: 1s}\ntarget_files: ['d/*.yml']\non_error: keep\n")
	require.NoError(t, d.reload())
	assert.Equal(t, before, d.manager.Config("a"))
	rig.WriteFile(t, d.folder, "d/a.yml", "%s", targetsNamed("a"))
	require.NoError(t, d.reload())
	assert.NotEqual(t, before, d.manager.Config("a"), "the defaults of the configuration reach it now")
}

func TestAThousandFilesOfTargets(t *testing.T) {
	t.Parallel()
	var files []string
	for i := range 1000 {
		files = append(files, fmt.Sprintf("d/%04d.yml", i), targetsNamed(fmt.Sprintf("t%04d", i)))
	}
	d := newIdleWith(t, "keep", files...)
	assert.Len(t, d.current.Load().Targets, 1000)
	for i := 0; i < 1000; i += 3 {
		require.NoError(t, os.Remove(filepath.Join(d.folder, files[2*i])))
	}
	d.reloadIfChanged()
	assert.Len(t, d.current.Load().Targets, 666)
	before := d.current.Load()
	d.reloadIfChanged()
	assert.Same(t, before, d.current.Load())
}
