package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestChangedSecretsMakeOnlyTheirTargetsUnequal checks the condition for a
// reload to replace only targets with a new secret.
func TestChangedSecretsMakeOnlyTheirTargetsUnequal(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	path := filepath.Join(folder, "full.yml")
	before, err := Load(path)
	require.NoError(t, err)
	for file, changed := range map[string][]bool{
		"password":      {true, false, true},
		"token":         {false, true, false},
		"client-secret": {false, false, true},
	} {
		old, err := os.ReadFile(filepath.Join(folder, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte("new"), 0o600))
		after, err := Load(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, file), old, 0o600))
		for i, want := range changed {
			assert.Equal(t, want, !assert.ObjectsAreEqual(before.Targets[i], after.Targets[i]), "%s, target %d", file, i)
		}
	}
}
