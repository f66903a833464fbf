package peers

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// Swallow listens at an IPv4 address until the test ends, and accepts nothing. When it returns, the queue is full, so
// the kernel drops the first packets of further connections. It reports whether it could fill the queue.
func Swallow(t T, at netip.AddrPort) (netip.AddrPort, bool) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(t, err)
	file := os.NewFile(uintptr(fd), "listener")
	defer func() { _ = file.Close() }() // the listener has a copy
	must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}))
	must(t, syscall.Listen(fd, 0))
	ln, err := net.FileListener(file)
	must(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	address := ln.Addr().(*net.TCPAddr).AddrPort()
	const more = 16 // more than any kernel queues for a backlog of 0
	d := net.Dialer{Timeout: time.Second}
	for range more {
		c, err := d.DialContext(t.Context(), "tcp", address.String())
		if err != nil {
			return address, true
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	return address, false
}
