//go:build linux && !386 && !s390x

package wire

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
)

// timedPair returns a stream that asks the kernel when bytes arrive, and its peer.
func timedPair(t *testing.T) (s *Stream, peer net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	c, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	peer, err = ln.Accept()
	require.NoError(t, err)
	s = NewStream(c, probe.Never)
	s.time()
	t.Cleanup(func() {
		_ = s.Close()
		_ = peer.Close()
	})
	return s, peer
}

func needKernelClock(t *testing.T) {
	t.Helper()
	clock := NewKernelClock()
	if !clock.IsAvailable() {
		t.Skip("the kernel does not say when bytes arrive")
	}
	t.Cleanup(clock.Close)
}

func TestTheKernelTellsWhenTheLastOfWhatWasReadArrived(t *testing.T) {
	t.Parallel()
	needKernelClock(t)
	s, peer := timedPair(t)
	buf := make([]byte, 16)
	timed := 0
	for range 100 {
		require.Zero(t, s.timed.receipt.vector.Base, "the receipt keeps nothing of the reader's")
		before := probe.Now()
		_, err := peer.Write([]byte("hello"))
		require.NoError(t, err)
		after := probe.Now()
		n, err := s.Read(buf)
		require.NoError(t, err)
		require.Equal(t, "hello", string(buf[:n]))
		a := s.Arrival()
		assert.True(t, a.Asked)
		assert.GreaterOrEqual(t, a.Read, after)
		if before <= a.Kernel && a.Kernel <= after {
			timed++
		}
	}
	assert.Greater(t, timed, 90, "a thread may be set aside between two clocks, and the first segment may have no time")
}

func TestAReadWithoutATimeOfTheKernelEndsByTheProgramsClock(t *testing.T) {
	t.Parallel()
	needKernelClock(t)
	s, peer := timedPair(t)
	raw, err := s.Conn.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		assert.NoError(t, syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 0))
	}))
	for _, step := range []func() error{
		func() error { _, err := peer.Write([]byte("hello")); return err },
		peer.Close,
	} {
		before := probe.Now()
		require.NoError(t, step())
		_, _ = s.Read(make([]byte, 16))
		a := s.Arrival()
		assert.True(t, a.Asked)
		assert.Zero(t, a.Kernel)
		assert.GreaterOrEqual(t, a.Read, before)
	}
}

func TestAStreamThatIsNoSocketIsTimedByTheProgram(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	s := NewStream(near, probe.Never)
	s.time()
	go func() { _, _ = far.Write([]byte("hello")) }()
	n, err := s.Read(make([]byte, 16))
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	a := s.Arrival()
	assert.False(t, a.Asked)
	assert.NotZero(t, a.Read)
}

func TestTheEndOfAStreamStaysWhatItIsWhereTheKernelIsAsked(t *testing.T) {
	t.Parallel()
	s, peer := timedPair(t)
	require.NoError(t, peer.(*net.TCPConn).SetLinger(0))
	require.NoError(t, peer.Close())
	_, err := s.Read(make([]byte, 16))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	var failure *net.OpError
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "read", failure.Op)
}

func TestTheTimeOfADatagramIsFoundAmongItsControlMessages(t *testing.T) {
	t.Parallel()
	const at = 1_700_000_000_123_456_789
	message := func(level, kind int32, payload string) string {
		var h syscall.Cmsghdr
		h.Level, h.Type = level, kind
		h.SetLen(syscall.CmsgLen(len(payload)))
		space := make([]byte, syscall.CmsgSpace(len(payload)))
		copy(space, (*[syscall.SizeofCmsghdr]byte)(unsafe.Pointer(&h))[:])
		copy(space[syscall.CmsgLen(0):], payload)
		return string(space)
	}
	when := syscall.NsecToTimespec(at)
	stamp := message(syscall.SOL_SOCKET, syscall.SCM_TIMESTAMPNS, string((*[unsafe.Sizeof(when)]byte)(unsafe.Pointer(&when))[:]))
	other := message(syscall.IPPROTO_IP, syscall.IP_TOS, "\x02")
	for name, c := range map[string]struct {
		control string
		found   bool
	}{
		"alone":                 {stamp, true},
		"after another":         {other + stamp, true},
		"before another":        {stamp + other, true},
		"nothing":               {"", false},
		"another":               {other, false},
		"half of a header":      {stamp[:syscall.SizeofCmsghdr/2], false},
		"half of the time":      {stamp[:len(stamp)-1], false},
		"a length beyond all":   {"\xff\xff\xff\x7f" + stamp[4:], false},
		"a length of nothing":   {strings.Repeat("\x00", len(stamp)), false},
		"a time that is short":  {message(syscall.SOL_SOCKET, syscall.SCM_TIMESTAMPNS, "1234"), false},
		"another of that level": {message(syscall.SOL_SOCKET, syscall.SCM_RIGHTS, strings.Repeat("x", 16)), false},
	} {
		wall, ok := stampIn([]byte(c.control))
		assert.Equal(t, c.found, ok, name)
		if c.found {
			assert.EqualValues(t, at, wall, name)
		}
	}
}
