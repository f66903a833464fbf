// Package docs reads the pages of the documentation, for tests that compare the program with them.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// Root returns the path of the repository. A test runs in the folder of its package,
// somewhere below it.
func Root(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(folder, "prober.yml")); err == nil {
			return folder
		}
		above := filepath.Dir(folder)
		require.NotEqual(t, folder, above, "the repository has a prober.yml at its root")
		folder = above
	}
}

// Page returns the text of a file of the repository, such as docs/fire.md.
func Page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Root(t), name))
	require.NoError(t, err)
	return string(text)
}

// Pages returns the names of all pages.
func Pages(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(os.DirFS(Root(t)), "docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return append(names, "README.md", "CHANGELOG.md")
}

// Blocks returns the fenced parts of a page in a language, "" for parts without one.
func Blocks(text, language string) []string {
	var found []string
	for _, m := range regexp.MustCompile("(?s)\n```(\\w*)\n(.*?\n)```\n").FindAllStringSubmatch(text, -1) {
		if m[1] == language {
			found = append(found, m[2])
		}
	}
	return found
}
