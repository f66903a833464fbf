package imports_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/imports"
)

var update = flag.Bool("update", false, "write the expected results in testdata anew")

// sample is a file of testdata.
type sample struct {
	name   string // of the folder and the file, without its ending
	path   string
	source []byte
	take   func(o imports.Options) (*imports.Result, error)
}

// samples returns the files of all sources, at least five of each.
func samples(t testing.TB) (all []sample) {
	t.Helper()
	for folder, take := range map[string]func(path string, source []byte, o imports.Options) (*imports.Result, error){
		"curl": func(_ string, source []byte, o imports.Options) (*imports.Result, error) {
			return imports.Curl(string(source), o)
		},
		"har": func(path string, source []byte, o imports.Options) (*imports.Result, error) {
			return imports.HAR(source, imports.HAROptions{Options: o, Journey: strings.Contains(path, ".journey.")})
		},
		"openapi": func(path string, source []byte, o imports.Options) (*imports.Result, error) {
			read := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(filepath.Dir(path), name)) }
			return imports.OpenAPI(source, imports.OpenAPIOptions{Options: o, URL: said(source, "url"), Read: read})
		},
		"blackbox": func(_ string, source []byte, o imports.Options) (*imports.Result, error) {
			return imports.Blackbox(source, imports.BlackboxOptions{Options: o, Targets: strings.Fields(said(source, "targets"))})
		},
	} {
		paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.*"))
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(paths), 5, folder)
		for _, path := range paths {
			source, err := os.ReadFile(path)
			require.NoError(t, err)
			all = append(all, sample{
				name: folder + "/" + strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), path: path, source: source,
				take: func(o imports.Options) (*imports.Result, error) {
					o.Name = path
					return take(path, source, o)
				},
			})
		}
	}
	return all
}

// said returns the value of an option in a comment at the top of a source.
func said(source []byte, option string) string {
	line, _, _ := strings.Cut(string(source), "\n")
	value, _ := strings.CutPrefix(line, "# "+option+": ")
	if value == line {
		return ""
	}
	return value
}

// text returns a result followed by its files for secrets.
func text(r *imports.Result) string {
	var b strings.Builder
	b.Write(r.YAML)
	for _, s := range r.Secrets {
		fmt.Fprintf(&b, "-- %s --\n%s", s.Path, s.Content)
	}
	return b.String()
}

// golden compares got with a file of testdata, or writes the file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	path = filepath.Join("testdata", "want", path)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update")
	assert.Equal(t, string(want), got)
}

func TestSamplesBecomeTheConfigurationsBesideThem(t *testing.T) {
	t.Parallel()
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			without, err := s.take(imports.Options{})
			require.NoError(t, err)
			golden(t, s.name+".yml", text(without))
			assert.NotContains(t, string(without.YAML), "canary", "a secret is shown")
			assert.Empty(t, without.Secrets)

			with, err := s.take(imports.Options{Secrets: "secrets"})
			require.NoError(t, err)
			assert.NotContains(t, string(with.YAML), "canary", "a secret is shown")
			if len(with.Secrets) > 0 {
				golden(t, s.name+".secrets", text(with))
			}
		})
	}
}

func TestSamplesWithAllTheirFilesNameThem(t *testing.T) {
	t.Parallel()
	for _, s := range samples(t) {
		r, err := s.take(imports.Options{Exists: func(string) bool { return true }})
		require.NoError(t, err)
		assert.NotContains(t, string(r.YAML), "There is no file", s.name)
	}
}

// load reads the result of an import as the program would.
func load(t *testing.T, r *imports.Result) *config.Config {
	t.Helper()
	dir := t.TempDir()
	for _, s := range r.Secrets {
		path := filepath.Join(dir, s.Path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, s.Content, 0o600))
	}
	path := filepath.Join(dir, "prober.yml")
	require.NoError(t, os.WriteFile(path, r.YAML, 0o600))
	c, err := config.Load(path)
	require.NoError(t, err, "%s", r.YAML)
	return c
}

func TestWhatIsImportedIsAConfiguration(t *testing.T) {
	t.Parallel()
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, folder := range []string{"", "secrets"} {
				r, err := s.take(imports.Options{Secrets: folder})
				require.NoError(t, err)
				assert.NotEmpty(t, load(t, r).Targets)
			}
		})
	}
}
