package layout

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// phrase is a phrase to avoid, and a better one.
type phrase struct {
	pattern *regexp.Regexp
	better  string
}

// begin matches the place before the beginning of a sentence: the end of another, or the start of a comment, an item or
// a cell of a table.
const begin = `(?:[.:!?] |// |^|\| |- )`

// phrases must not stand in code and pages.
var phrases = []phrase{
	{regexp.MustCompile(`\btells whether\b`), "reports whether"},
	{regexp.MustCompile(`\b[Ss]uch one\b`), "name the thing: such a connection"},
	{regexp.MustCompile(begin + `Who [a-z]+s\b[^?]*$`), "Whoever, or name the person: a user who"},
	{regexp.MustCompile(begin + `One (?:that|which|who)\b`), "name the thing: a target that"},
	{regexp.MustCompile(`\bas ever\b`), "as always"},
	{regexp.MustCompile(`[,;] be it\b`), "whether it is"},
	{regexp.MustCompile(`\bfor who (?:has|wants|asks|needs)\b`), "for whoever"},
	{regexp.MustCompile(`\b[Ii]n order to\b`), "to"},
	{regexp.MustCompile(`\bsuccessfully\b`), "leave it out"},
	{regexp.MustCompile(`\b(?:whilst|whereof|thereof|therein)\b`), "the common word"},
}

// TestPhrasesThatReadersStopAtDoNotComeBack looks at code and pages. Texts of licences are not ours, and docs/style.md
// shows these phrases as mistakes.
func TestPhrasesThatReadersStopAtDoNotComeBack(t *testing.T) {
	t.Parallel()
	require.NoError(t, fs.WalkDir(os.DirFS(top), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "bin", "testdata", "node_modules"}, entry.Name()):
			return fs.SkipDir
		case entry.IsDir(), !slices.Contains([]string{".go", ".md", ".html"}, filepath.Ext(path)):
			return nil
		case path == "docs/style.md", path == "internal/layout/words_test.go":
			return nil
		}
		text, err := os.ReadFile(filepath.Join(top, path))
		for i, line := range strings.Split(string(text), "\n") {
			for _, p := range phrases {
				found := p.pattern.FindString(line)
				assert.Empty(t, found, "%s:%d: write %q", path, i+1, p.better)
			}
		}
		return err
	}))
}
