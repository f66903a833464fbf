package errcode_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

func TestAFullAcceptQueueIsADialTimeout(t *testing.T) {
	t.Parallel()
	full, can := peers.Swallow(t, netip.MustParseAddrPort("127.0.0.1:0"))
	require.True(t, can, "the queue never filled up")
	_, err := (&net.Dialer{Timeout: 200 * time.Millisecond}).Dial("tcp", full.String())
	require.Equal(t, errcode.DialTimeout, errcode.FromError(err), "%v", err)
}

func TestADeviceThatDoesNotExistIsADialErrno(t *testing.T) {
	t.Parallel()
	d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = syscall.SetsockoptString(int(fd), syscall.SOL_SOCKET, syscall.SO_BINDTODEVICE, "nodevice0")
		})
		return errors.Join(err, failed)
	}}
	_, err := d.Dial("tcp", peer(lab{t}, peers.Silence))
	require.Error(t, err)
	if code := errcode.FromError(err); code != errcode.LocalDenied { // binding to a device may need a capability
		require.Equal(t, errcode.DialErrno, code, "%v", err)
	}
}

func TestExhaustedPortsAreLocalPorts(t *testing.T) {
	t.Parallel()
	ip := rig.Program(t, "ip", "iproute2")
	inNamespace(t, func() {
		out, err := exec.Command(ip, "link", "set", "lo", "up").CombinedOutput()
		if !assert.NoError(t, err, "%s", out) {
			return
		}
		err = os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("40000 40001"), 0)
		if err != nil {
			t.Logf("the port range cannot be set here: %v", err)
			return
		}
		l, err := net.Listen("tcp", "127.0.0.1:9")
		if !assert.NoError(t, err) {
			return
		}
		defer l.Close()
		for range 3 {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				assert.Equal(t, errcode.LocalPorts, errcode.FromError(err), "%v", err)
				return
			}
			t.Cleanup(func() { c.Close() })
		}
		assert.Fail(t, "two ports served three connections")
	})
}

// inNamespace runs f in a new network namespace, on a thread that ends with it. It skips
// the test without the necessary rights.
func inNamespace(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread must not serve others
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skipf("no network namespace of its own: %v", err)
	}
}
