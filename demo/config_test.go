package demo

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestTheConfigurationHasOneTargetForEachBehaviour(t *testing.T) {
	t.Parallel()
	s := started(t)
	path, err := s.WriteConfig(t.TempDir())
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)

	var file struct {
		Defaults map[string]any
		Targets  []struct {
			Name  string
			URL   string
			Burst map[string]any
			Rest  map[string]any `yaml:",inline"`
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.Len(t, file.Targets, len(s.Behaviours()))
	for i, b := range s.Behaviours() {
		got := file.Targets[i]
		assert.Equal(t, b.Name, got.Name)
		assert.Equal(t, b.URL, got.URL)
		assert.Contains(t, got.Burst, "requests", b.Name)
		assert.Contains(t, got.Burst, "concurrency", b.Name)
		assert.Contains(t, string(text), "# "+b.Name+" "+b.Summary+": "+codeWords(b.Codes)+".\n")
	}
}

func TestTheConfigurationComesWithItsAuthority(t *testing.T) {
	t.Parallel()
	s := started(t)
	path, err := s.WriteConfig(t.TempDir())
	require.NoError(t, err)
	ca, err := os.ReadFile(filepath.Join(filepath.Dir(path), "ca.pem"))
	require.NoError(t, err)
	assert.True(t, x509.NewCertPool().AppendCertsFromPEM(ca))
}

func TestTheConfigurationComesWithTheProductsOfTheShop(t *testing.T) {
	t.Parallel()
	path, err := started(t).WriteConfig(t.TempDir())
	require.NoError(t, err)
	file, err := os.ReadFile(filepath.Join(filepath.Dir(path), "products.csv"))
	require.NoError(t, err)
	assert.Equal(t, string(productsFile()), string(file))
}

func TestAFolderThatIsMissingIsAnError(t *testing.T) {
	t.Parallel()
	_, err := started(t).WriteConfig(filepath.Join(t.TempDir(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestCodesInWords(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "code 1050", codeWords([]int{1050}))
	assert.Equal(t, "codes 0 and 1503", codeWords([]int{0, 1503}))
}
