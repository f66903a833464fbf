package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/probe"
)

// bothWays connects to p by hand and by way of package net.
func bothWays(t *testing.T, p *peers.Peer) map[string]net.Conn {
	t.Helper()
	byNet, err := net.Dial("tcp", p.Addr().String())
	require.NoError(t, err)
	byHand, handled, err := newTestDialer(t, Plan{URL: p.URL("http")}).
		connectTCP(t.Context(), netip.MustParseAddrPort(p.Addr().String()), probe.Now().Add(patience))
	require.NoError(t, err)
	require.True(t, handled)
	t.Cleanup(func() { _, _ = byNet.Close(), byHand.Close() })
	return map[string]net.Conn{"by package net": byNet, "by hand": byHand}
}

func TestConnectionsByHandFailLikeThoseOfPackageNet(t *testing.T) {
	t.Parallel()
	reset := func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_ = c.(*net.TCPConn).SetLinger(0)
	}
	tests := map[string]struct {
		script func(net.Conn)
		fail   func(net.Conn) error
		is     error
		code   errcode.Code
	}{
		"the peer closes": {
			func(net.Conn) {},
			func(c net.Conn) error { _, err := io.ReadFull(c, make([]byte, 1)); return err },
			io.EOF, errcode.FromError(io.EOF),
		},
		"the peer resets while it is read": {
			reset,
			func(c net.Conn) error {
				_, _ = c.Write(make([]byte, 1))
				_, err := c.Read(make([]byte, 1))
				return err
			},
			syscall.ECONNRESET, errcode.FromError(syscall.ECONNRESET),
		},
		"the peer resets while it is written": {
			reset,
			func(c net.Conn) (err error) {
				_, _ = c.Write(make([]byte, 1))
				_, _ = c.Read(make([]byte, 1)) // the reset has come
				_, err = c.Write(make([]byte, 1))
				return err
			},
			syscall.EPIPE, errcode.FromError(syscall.EPIPE),
		},
		"a read that takes too long": {
			func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
			func(c net.Conn) error {
				_ = c.SetReadDeadline(longAgo)
				_, err := c.Read(make([]byte, 1))
				return err
			},
			os.ErrDeadlineExceeded, errcode.FromError(os.ErrDeadlineExceeded),
		},
		"a raw read that takes too long": {
			func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
			func(c net.Conn) error {
				_ = c.SetDeadline(longAgo)
				raw, _ := c.(syscall.Conn).SyscallConn()
				return raw.Read(func(uintptr) bool { return false })
			},
			os.ErrDeadlineExceeded, errcode.FromError(os.ErrDeadlineExceeded),
		},
		"it is closed": {
			func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
			func(c net.Conn) error { _ = c.Close(); return c.SetDeadline(time.Now()) },
			net.ErrClosed, errcode.FromError(net.ErrClosed),
		},
		"it is written when it is closed": {
			func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
			func(c net.Conn) error { _ = c.Close(); _, err := c.Write(make([]byte, 1)); return err },
			net.ErrClosed, errcode.FromError(net.ErrClosed),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			codes := map[errcode.Code]bool{}
			for way, c := range bothWays(t, peers.Listen(t, tt.script)) {
				err := tt.fail(c)
				require.ErrorIs(t, err, tt.is, way)
				codes[errcode.FromError(&errcode.PhaseError{Phase: errcode.PhaseProcessing, Err: err})] = true
				if op, ok := errors.AsType[*net.OpError](err); assert.Equal(t, !errors.Is(err, io.EOF), ok, way) && ok {
					assert.Equal(t, "tcp", op.Net, way)
				}
			}
			assert.Len(t, codes, 1, "the same code either way")
		})
	}
}

func TestConnectionsByHandKnowTheirAddresses(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "::1"} {
		ln, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Log("without ", host, ": ", err)
			continue
		}
		defer ln.Close()
		addr := netip.MustParseAddrPort(ln.Addr().String())
		c := &tcpConn{remote: addr}
		require.NoError(t, c.open(t.Context(), policy.Policy{}, newReserve(), probe.Now().Add(patience)))
		defer c.Close()
		seen, err := ln.Accept()
		require.NoError(t, err)
		defer seen.Close()
		assert.Equal(t, seen.RemoteAddr().String(), c.LocalAddr().String())
		assert.Equal(t, ln.Addr().String(), c.RemoteAddr().String())
		assert.False(t, c.isConnectedToItself())
	}
}

// A socket bound to a port and connected to that port is connected to itself.
func TestConnectionToItselfIsNone(t *testing.T) {
	t.Parallel()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	file := os.NewFile(uintptr(fd), "tcp")
	defer file.Close()
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	name, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	require.NoError(t, syscall.Connect(fd, name))

	raw, err := file.SyscallConn()
	require.NoError(t, err)
	port := uint16(name.(*syscall.SockaddrInet4).Port)
	c := &tcpConn{file: file, remote: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)}
	c.raw = tcpRaw{raw, c}
	assert.True(t, c.isConnectedToItself())
}

func TestConnectingByHandEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := &tcpConn{remote: netip.MustParseAddrPort("127.0.0.1:1")}
	require.ErrorIs(t, c.open(ctx, policy.Policy{}, newReserve(), probe.Now().Add(patience)), context.Canceled)
}

func TestWhatIsRareIsLeftToPackageNet(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, func(net.Conn) {})
	addr := netip.MustParseAddrPort(p.Addr().String())
	for name, tt := range map[string]struct {
		source netip.Addr
		to     netip.AddrPort
	}{
		"a source address": {netip.MustParseAddr("127.0.0.1"), addr},
		"a zone":           {netip.Addr{}, netip.MustParseAddrPort("[fe80::1%lo]:1")},
	} {
		d := newTestDialer(t, Plan{URL: p.URL("http"), Dial: option.Dial{SourceAddress: tt.source}})
		_, handled, err := d.connectTCP(t.Context(), tt.to, probe.Now().Add(patience))
		require.NoError(t, err, name)
		assert.False(t, handled, name)
	}
}

// The poller does not know a descriptor that blocks, just like one it had no room for.
func TestSocketWithoutThePollerIsForLackOfResources(t *testing.T) {
	t.Parallel()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	file := os.NewFile(uintptr(fd), "tcp")
	defer file.Close()
	raw, err := file.SyscallConn()
	require.NoError(t, err)
	c := &tcpConn{file: file}
	c.raw = tcpRaw{raw, c}
	err = NewStream(c, probe.Now().Add(patience)).arm()
	assert.Equal(t, errcode.LocalResources, errcode.FromError(err), err)
}
