//go:build unix

package transport

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/probe"
)

// It runs alone, since it lowers the limit of the whole process.
func TestConnectionsLeaveDescriptorsForEverythingElse(t *testing.T) {
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before))
	const few = 120
	lowered := before
	lowered.Cur = few
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lowered))
	t.Cleanup(func() { assert.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)) })

	p := peers.Listen(t, func(c net.Conn) { // it closes its end when the other is closed
		_, _ = io.WriteString(c, peers.OKAnswer)
		peers.Silence(c)
	})
	var last *probe.Result
	for range few {
		last = do(newTransport(t, Config{URL: p.URL("http")}), patience) // each keeps a connection
		if last.Err != nil {
			break
		}
	}
	require.Error(t, last.Err)
	assert.Equal(t, errcode.LocalResources, errcode.FromError(last.Err), last.Err)
	for range 10 {
		file, err := os.Open(os.DevNull)
		require.NoError(t, err, "the process can still open something")
		t.Cleanup(func() { assert.NoError(t, file.Close()) })
	}
}
