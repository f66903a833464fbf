//go:build linux

package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOthersReadTheCounterInItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "count")
	c, err := newCounter(path)
	require.NoError(t, err)
	for range 3 {
		c.add()
	}
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, uint64(3), binary.NativeEndian.Uint64(content))
}
