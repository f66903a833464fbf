package tcp

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/wire"
)

// swallow returns the address of a listener whose queue is full, so that the kernel drops
// what further connections begin with.
func swallow(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, syscall.Listen(fd, 0))
	file := os.NewFile(uintptr(fd), "listener")
	ln, err := net.FileListener(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	t.Cleanup(func() { _ = ln.Close() })
	const more = 8 // than any kernel queues for a backlog of 0
	for range more {
		c, err := net.DialTimeout("tcp", ln.Addr().String(), time.Second)
		if err != nil {
			return ln.Addr().String()
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Skip("the queue of a listener never fills")
	return ""
}

func TestAnAddressThatSwallowsPacketsIsATimeoutOfTheDial(t *testing.T) {
	t.Parallel()
	hole := swallow(t)
	e := newEngine(t, wire.Plan{URL: at("tcp", hole), Dial: option.Dial{ConnectTimeout: briefly}})
	assertFails(t, e, do(t.Context(), e, patience), errcode.DialTimeout, errcode.PhaseConnect)
	e = newEngine(t, wire.Plan{URL: at("tls", hole)})
	assertFails(t, e, do(t.Context(), e, briefly), errcode.DialTimeout, errcode.PhaseConnect)
	// A proxy that takes a connection and says nothing more is as deaf.
	silent := peers.Listen(t, peers.Silence)
	e = newEngine(t, wire.Plan{URL: at("tcp", "name.test:25"), Proxy: through(silent, "socks5"), Dial: option.Dial{ConnectTimeout: briefly}})
	assertFails(t, e, do(t.Context(), e, patience), errcode.DialTimeout, errcode.PhaseConnect)
}
