package discover

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const fileEntry = `
discover:
  - name: files
    file_sd_configs: [{files: ['*.json'], refresh_interval: 1s}]
` + simple

func TestTargetsComeAndGoWithAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	write(t, path, `[{"targets": ["a:1", "b:1"], "labels": {"team": "shop"}}]`)
	r := run(t, dir, fileEntry)
	r.await("found/a:1", "found/b:1")
	write(t, path, `[{"targets": ["b:1", "c:1"]}]`)
	r.await("found/b:1", "found/c:1")
	write(t, filepath.Join(dir, "b.json"), `[{"targets": ["d:1"]}]`)
	r.await("found/b:1", "found/c:1", "found/d:1")
	require.NoError(t, os.Remove(path))
	r.await("found/d:1")
	assert.Zero(t, r.mechanism(0, 0).Failures)
	assert.False(t, r.mechanism(0, 0).LastSuccess.IsZero())
}

// A ConfigMap is a link to a folder. It is replaced by renaming.
func TestTargetsFollowTheLinksOfAConfigMap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	publish := func(version, text string) {
		folder := filepath.Join(dir, version)
		require.NoError(t, os.Mkdir(folder, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "a.json"), []byte(text), 0o600))
		require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	publish("..1", `[{"targets": ["a:1"]}]`)
	require.NoError(t, os.Symlink(filepath.Join("..data", "a.json"), filepath.Join(dir, "a.json")))
	r := run(t, dir, fileEntry)
	r.await("found/a:1")
	publish("..2", `[{"targets": ["b:1"]}]`)
	r.await("found/b:1")
}

func TestAFileThatIsWrongKeepsItsTargetsAndSaysSo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	write(t, path, `[{"targets": ["a:1"]}]`)
	r := run(t, dir, fileEntry)
	r.await("found/a:1")
	write(t, path, `[{"targets": `)
	r.awaitFailure()
	assert.Equal(t, []string{"found/a:1"}, r.names())
	assert.Contains(t, r.mechanism(0, 0).LastError, "Error reading file")
	write(t, path, `[{"targets": ["b:1"]}]`)
	r.await("found/b:1")
	r.awaitRecovery()
}

func TestAnEmptiedFileKeepsItsTargetsForAWhile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	write(t, path, `[{"targets": ["a:1", "b:1"]}]`)
	r := run(t, dir, fileEntry)
	r.await("found/a:1", "found/b:1")
	write(t, path, `[]`)
	r.awaitKept()
	assert.Equal(t, []string{"found/a:1", "found/b:1"}, r.names())
	assert.Contains(t, r.log.String(), "finds no targets any more")
	write(t, path, `[{"targets": ["b:1"]}]`)
	r.await("found/b:1")
	assert.True(t, r.Status()[0].KeptSince.IsZero())
}
