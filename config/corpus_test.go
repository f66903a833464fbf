package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config/form"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

var update = flag.Bool("update", false, "write the expected results in testdata anew")

// TestBadFiles compares all messages about each file of testdata/bad with the
// text beside it.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/bad")
	files, err := filepath.Glob(filepath.Join(folder, "*.yml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 45)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yml")
		t.Run(name, func(t *testing.T) {
			c, err := Load(file)
			require.Nil(t, c)
			var errs form.Errors
			require.ErrorAs(t, err, &errs)
			got := strings.ReplaceAll(err.Error(), folder+string(filepath.Separator), "") + "\n"
			assert.NotContains(t, got, "canary", "a secret is shown")
			golden(t, filepath.Join("testdata/bad", name+".txt"), got)
		})
	}
}

// TestGoodFiles compares the configuration in effect for each file of
// testdata/good with the one beside it.
func TestGoodFiles(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	files, err := filepath.Glob(filepath.Join(folder, "*.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yml")
		t.Run(name, func(t *testing.T) {
			c, err := Load(file)
			require.NoError(t, err)
			got, err := c.Redacted()
			require.NoError(t, err)
			golden(t, filepath.Join("testdata/good", name+".effective"), string(got))

			again, err := Load(file)
			require.NoError(t, err)
			assert.Equal(t, c, again, "reading twice must give the same")
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// workspace copies a folder and adds files that do not belong in a repository:
// secrets, certificates with their keys, and files that are too large.
func workspace(t *testing.T, from string) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(from)))
	require.NoError(t, os.Mkdir(filepath.Join(folder, "folder"), 0o750))
	huge, err := os.Create(filepath.Join(folder, "huge.bin"))
	require.NoError(t, err)
	require.NoError(t, huge.Truncate(form.MaxFileSize+1))
	require.NoError(t, huge.Close())
	for name, content := range map[string]string{
		"password":       "canary pass:word ü\n",
		"token":          "canary.token\r\n",
		"client-secret":  "canary secret",
		"empty":          "\n",
		"two-lines":      "canary\ncanary\n",
		"bom":            "\ufeffcanary\n",
		"zero":           "canary\x00",
		"padded":         "canary \n",
		"long-secret":    "canary" + strings.Repeat("y", 250),
		"largest-secret": strings.Repeat("canary--", form.MaxSecretSize/8),
		"large-secret":   strings.Repeat("canary--", form.MaxSecretSize/8) + "\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "shop.protoset"), shopDescriptors(t), 0o600))
	for _, name := range []string{"ca", "client", "other"} {
		peers.WriteCertificate(t, folder, name, certs.Issue(nil))
	}
	return folder
}
