//go:build unix

package form

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPipeInPlaceOfAFileIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	_, err := ReadFile(path)
	assert.ErrorIs(t, err, errNotRegular)
	_, err = readNow(path) // as when it takes the place of the file after the look
	assert.ErrorIs(t, err, errNotRegular)
}
