package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/docs"
)

// TestTheModuleCanHaveAnotherPath renames a copy of the repository. The copy must build, pass vet and the tests of its
// layout, and contain the old path nowhere.
func TestTheModuleCanHaveAnotherPath(t *testing.T) {
	t.Parallel()
	const renamed = "forge.example.org/team/load-prober"
	folder := t.TempDir()
	copyRepository(t, folder)
	run := func(name string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "MAKEFLAGS=")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%v\n%s", cmd.Args, out)
		return strings.TrimSpace(string(out))
	}
	run("git", "init", "--quiet")
	run("git", "add", "--all")
	old := run("go", "list", "-m")

	run("make", "rename", "MODULE="+renamed)
	assert.Equal(t, renamed, run("go", "list", "-m"))
	assert.Equal(t, renamed+"/deploy/validate", run("go", "-C", "deploy/validate", "list", "-m"))
	assert.Empty(t, run("gofmt", "-l", "."))
	run("go", "vet", "./errcode", "./config/...")
	run("go", "test", "./internal/layout")
	run("go", "-C", "examples/errcode", "build", "-o", t.TempDir(), ".")
	left := run("bash", "-c", `git grep -nIE '(^|[^[:alnum:]./@-])`+strings.ReplaceAll(old, ".", `\.`)+`($|[/"])' || true`)
	assert.Empty(t, left)

	cmd := exec.CommandContext(t.Context(), "make", "rename", "MODULE=not a path")
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "make rename: MODULE must be the new path")
}

// copyRepository copies the files of git and the new files that git does not ignore.
func copyRepository(t *testing.T, to string) {
	t.Helper()
	root := docs.Root(t)
	list := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	require.NoError(t, err)
	for name := range strings.Lines(string(names)) {
		name = strings.TrimSpace(name)
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil || !info.Mode().IsRegular() {
			continue // removed, and not yet committed
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(to, name), text, info.Mode().Perm()))
	}
}
