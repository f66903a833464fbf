package acceptance

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// TestFilesOfTargetsComeBreakAndGoBesideRunningBursts watches an unrelated target, and the targets of a file that is
// broken for a while.
func TestFilesOfTargetsComeBreakAndGoBesideRunningBursts(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	folder := t.TempDir()
	put := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, ".new"), []byte(text), 0o600))
		require.NoError(t, os.Rename(filepath.Join(folder, ".new"), filepath.Join(folder, name)))
	}
	fileOf := func(names ...string) string {
		intervals := map[string]string{}
		for _, name := range names {
			intervals[name] = "20ms"
		}
		return configOf(p, intervals)
	}
	put("a.yml", fileOf("a"))
	put("b.yml", fileOf("b"))
	d := rig.StartDaemon(t, "prober", "target_files: ['"+folder+"/*.yml']\non_error: keep\n", "--config.auto-reload-interval=20ms")
	wrong := func(m rig.Metrics) float64 {
		return m.Sum("prober_config_file_last_reload_successful", "file", filepath.Join(folder, "b.yml"))
	}
	goesOn := func(why, target string) {
		t.Helper()
		before := d.Scrape()
		d.AwaitMetrics(why, func(m rig.Metrics) bool { return requestsOf(m, target) > requestsOf(before, target)+2 })
	}
	goesOn("requests of the targets of both files", "a")
	goesOn("requests of the targets of both files", "b")

	put("b.yml", "targets: [")
	d.AwaitMetrics("that the file is wrong", func(m rig.Metrics) bool { return wrong(m) == 0 })
	goesOn("requests of the target of the file that is wrong", "b")
	put("c.yml", fileOf("c"))
	goesOn("requests of a target that came meanwhile", "c")
	put("b.yml", fileOf("b", "b2"))
	goesOn("requests of what the file brings", "b2")
	before := d.Scrape()
	assert.InDelta(t, 1, wrong(before), 0)
	require.NoError(t, os.Remove(filepath.Join(folder, "c.yml")))
	m := d.AwaitMetrics("the end of the target whose file is gone", func(m rig.Metrics) bool { return len(m.Codes("c")) == 0 })
	goesOn("requests of the others", "a")

	m.RequireBalanced(t)
	for _, target := range []string{"a", "b"} {
		assert.GreaterOrEqual(t, requestsOf(m, target), requestsOf(before, target), "counters go on")
		assert.InDelta(t, 1, m.Sum("prober_connections_opened_total", "target", target), 0, "on the connection of the start")
	}
}
