// Package editors tests the schema of the configuration as editors use it: through yaml-language-server. VS Code,
// Neovim and Helix start that server. `make editors` installs it and runs the tests; nothing else does.
package editors

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/docs"
)

// modeline is the first line of a file. It names the schema.
const modeline = "# yaml-language-server: $schema=prober.schema.json\n"

func TestAWrongFileIsMarkedWhereItIsWrong(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct{ name, text, line, says string }{
		{"an unknown key", "targets:\n  - name: a\n    url: http://a.example/\n    intervall: 5s\n", "    intervall: 5s", "intervall"},
		{"a value out of range", "targets:\n  - name: a\n    url: http://a.example/\n    burst: {rate: 0}\n", "    burst: {rate: 0}", "minimum"},
		{"a word that is none of the choices", "targets:\n  - name: a\n    url: http://a.example/\n    sharding: all\n", "    sharding: all", "target"},
		{"a duration without a unit", "targets:\n  - name: a\n    url: http://a.example/\n    timeout: 5\n", "    timeout: 5", "string"},
		{"a duration that is none", "targets:\n  - name: a\n    url: http://a.example/\n    timeout: 5 s\n", "    timeout: 5 s", "must be a duration with a unit"},
		{"a URL of no known scheme", "targets:\n  - name: a\n    url: ftp://a.example/\n", "    url: ftp://a.example/", "must be a URL that begins with"},
		{"a missing key", "targets:\n  - name: a\n", "  - name: a", "url"},
	} {
		found := s.open(t, modeline+c.text)
		if !assert.NotEmpty(t, found, c.name) {
			continue
		}
		lines := strings.Split(modeline+c.text, "\n")
		assert.Equal(t, c.line, lines[found[0].Range.Start.Line], c.name)
		assert.Contains(t, found[0].Message, c.says, c.name)
	}
}

func TestGoodFilesAreNotMarked(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, name := range []string{"prober.yml", "config/testdata/good/full.yml", "config/testdata/good/discover.yml", "config/testdata/good/traffic.yml", "config/testdata/good/defaults.yml"} {
		text := strings.Replace(docs.Page(t, name), "# yaml-language-server: $schema=schema/prober.schema.json\n", "", 1)
		for _, d := range s.open(t, modeline+text) {
			assert.Fail(t, d.Message, "%s:%d", name, d.Range.Start.Line) // the modeline adds a line
		}
	}
}

func TestKeysAndWordsAreCompletedAndExplained(t *testing.T) {
	t.Parallel()
	s := start(t)
	text := modeline + "targets:\n  - name: a\n    url: http://a.example/\n    burst:\n      ra\n    sharding: \n"
	s.open(t, text)
	assert.Contains(t, s.complete(t, 5, 8), "rate")
	assert.Subset(t, s.complete(t, 6, 14), []string{"target", "load"})

	s.open(t, modeline+"targets:\n  - name: a\n    url: http://a.example/\n    burst: {rate: 5}\ndefaults:\n  request:\n    \n")
	assert.Contains(t, s.hover(t, 4, 13), "Requests per second; 0.001 to 1,000,000.")
	assert.Contains(t, s.hover(t, 5, 3), "what targets have in common")
	assert.Subset(t, s.complete(t, 7, 4), []string{"method", "headers", "basic_auth", "oauth2"})
}

// schemaFolder returns a folder with the schema for the opened files.
func schemaFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "prober.schema.json"), []byte(docs.Page(t, "schema/prober.schema.json")), 0o600))
	return folder
}
