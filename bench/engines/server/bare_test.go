//go:build linux

package main

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/bench/rig"
)

func TestAConnectionIsResetWhenItsClientHasEndedItWhileAnotherIsKept(t *testing.T) {
	t.Parallel()
	address, err := rig.FreeAddress()
	require.NoError(t, err)
	listener, err := listen(address)
	require.NoError(t, err)
	done, err := newCounter(filepath.Join(t.TempDir(), "count"))
	require.NoError(t, err)
	go func() { _ = take(listener, done) }() // until the process ends

	dial := func() *net.TCPConn {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c.(*net.TCPConn)
	}
	dial() // is kept
	ended := dial()
	require.NoError(t, ended.CloseWrite())
	for range 3 { // each makes the server look
		dial()
	}
	_, err = ended.Read(make([]byte, 1))
	assert.ErrorIs(t, err, syscall.ECONNRESET)

	done.mu.Lock()
	defer done.mu.Unlock()
	assert.GreaterOrEqual(t, done.n, uint64(2))
}
