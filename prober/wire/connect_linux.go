package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"example.com/prober/policy"
	"example.com/prober/prober/probe"
)

// connectTCP makes a connection as package net does, but with half of the garbage. It does
// not ask the system for known facts, nor wait for what has happened already. It leaves
// rare cases to package net; then handled is false.
func (d *Dialer) connectTCP(ctx context.Context, to netip.AddrPort, deadline probe.Instant) (c net.Conn, handled bool, err error) {
	if d.net.LocalAddr != nil || to.Addr().Zone() != "" {
		return nil, false, nil
	}
	made := &tcpConn{remote: to}
	err = made.open(ctx, d.policy, d.reserve, deadline)
	switch {
	case err == nil && !made.isConnectedToItself():
		return made, true, nil
	// Package net tries again with another local port in this case, so it is left to do so.
	case err == nil:
		_ = made.Close()
		return nil, false, nil
	case errors.Is(err, syscall.EADDRNOTAVAIL): // Linux may say so of a port taken in the meantime
		return nil, false, nil
	}
	return nil, true, &net.OpError{Op: "dial", Net: "tcp", Addr: made.RemoteAddr(), Err: err}
}

// tcpConn is a connection known to the runtime's poller as a file. Its errors are those of
// package net. net.FileConn would duplicate the descriptor.
type tcpConn struct {
	file   *os.File
	raw    tcpRaw
	remote netip.AddrPort
}

func (c *tcpConn) open(ctx context.Context, p policy.Policy, spare reserve, deadline probe.Instant) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkAddr(p, c.remote.Addr()); err != nil {
		return err
	}
	family, to := sockaddr(c.remote)
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, syscall.IPPROTO_TCP)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := prepare(fd, to, spare); err != nil {
		_ = syscall.Close(fd) // nothing was sent
		return err
	}
	c.file = os.NewFile(uintptr(fd), "tcp")
	raw, err := c.file.SyscallConn()
	if err == nil {
		c.raw = tcpRaw{raw, c}
		err = c.await(ctx, to, deadline)
	}
	if err != nil {
		_ = c.file.Close() // the first error counts
	}
	return err
}

// prepare sets a socket up and begins the handshake.
func prepare(fd int, to syscall.Sockaddr, spare reserve) error {
	// The reserve comes before connect: a refused socket must not have sent anything.
	if err := spare.check(uintptr(fd)); err != nil {
		return err
	}
	// Otherwise a short write may wait for the acknowledgement of the one before, and the
	// latency of the target would have that delay in it.
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Connect(fd, to); err != nil && !isUnderWay(err) {
		return os.NewSyscallError("connect", err)
	}
	return nil
}

// isUnderWay reports whether the handshake has not ended yet.
func isUnderWay(err error) bool {
	return errors.Is(err, syscall.EINPROGRESS) || errors.Is(err, syscall.EALREADY) || errors.Is(err, syscall.EINTR)
}

// await returns when the handshake has ended. Another connect tells its result and changes
// nothing. Over short ways the handshake has ended at once.
func (c *tcpConn) await(ctx context.Context, to syscall.Sockaddr, deadline probe.Instant) error {
	var verdict error
	var stop func() bool // set when there is something to wait for
	err := c.raw.RawConn.Write(func(fd uintptr) (done bool) {
		if verdict = syscall.Connect(int(fd), to); !isUnderWay(verdict) {
			return true
		}
		// Only a handshake that goes on needs a deadline and a watch on ctx. On a loopback
		// or in one rack it has often ended, and then neither is paid for.
		if stop == nil {
			if verdict = c.SetWriteDeadline(deadline.Time()); verdict != nil {
				return true
			}
			stop = context.AfterFunc(ctx, func() { _ = c.file.SetWriteDeadline(longAgo) })
		}
		return false
	})
	switch {
	// The deadline that woke the wait was set by the end of ctx, and so says nothing about
	// the peer.
	case stop != nil && !stop():
		return ctx.Err()
	case err != nil:
		return err
	case verdict != nil && !errors.Is(verdict, syscall.EISCONN):
		return os.NewSyscallError("connect", verdict)
	}
	if stop != nil {
		// The exchange sets deadlines of its own; that of the dial must not end its first
		// write.
		return c.file.SetWriteDeadline(time.Time{})
	}
	return nil
}

// isConnectedToItself reports whether the system has chosen the remote port as the local
// one, and so made a connection without a listener.
func (c *tcpConn) isConnectedToItself() bool {
	const firstChosen = 1024 // lower ports are given only to programs that ask for them
	return c.remote.Port() >= firstChosen && c.local() == netip.AddrPortFrom(c.remote.Addr().Unmap(), c.remote.Port())
}

func (c *tcpConn) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	return n, c.failure("read", err)
}

func (c *tcpConn) Write(p []byte) (int, error) {
	n, err := c.file.Write(p)
	return n, c.failure("write", err)
}

func (c *tcpConn) Close() error                  { return c.failure("close", c.file.Close()) }
func (c *tcpConn) RemoteAddr() net.Addr          { return net.TCPAddrFromAddrPort(c.remote) }
func (c *tcpConn) SetDeadline(t time.Time) error { return c.failure("set", c.file.SetDeadline(t)) }
func (c *tcpConn) SetReadDeadline(t time.Time) error {
	return c.failure("set", c.file.SetReadDeadline(t))
}
func (c *tcpConn) SetWriteDeadline(t time.Time) error {
	return c.failure("set", c.file.SetWriteDeadline(t))
}

// SyscallConn never fails.
func (c *tcpConn) SyscallConn() (syscall.RawConn, error) { return &c.raw, nil }

// LocalAddr asks the system: hardly anybody wants to know.
func (c *tcpConn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.local()) }

// local returns the zero value if c is closed.
func (c *tcpConn) local() netip.AddrPort {
	var name syscall.Sockaddr
	_ = c.raw.RawConn.Control(func(fd uintptr) { name, _ = syscall.Getsockname(int(fd)) })
	switch name := name.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(name.Addr), uint16(name.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(name.Addr), uint16(name.Port))
	default:
		return netip.AddrPort{}
	}
}

// failure turns the error of a file into that of package net.
func (c *tcpConn) failure(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if e, ok := errors.AsType[*os.PathError](err); ok {
		err = e.Err
	}
	errno, isErrno := errors.AsType[syscall.Errno](err)
	switch {
	case isErrno:
		err = os.NewSyscallError(op, errno)
	case errors.Is(err, os.ErrNoDeadline): // there was no room for it in the poller
		err = os.NewSyscallError(op, syscall.ENOMEM)
	case !errors.Is(err, os.ErrDeadlineExceeded):
		err = net.ErrClosed
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// tcpRaw returns the errors of package net too.
type tcpRaw struct {
	syscall.RawConn

	c *tcpConn
}

func (r *tcpRaw) Control(f func(fd uintptr)) error {
	return r.c.failure("raw-control", r.RawConn.Control(f))
}

func (r *tcpRaw) Read(f func(fd uintptr) (done bool)) error {
	return r.c.failure("raw-read", r.RawConn.Read(f))
}

func (r *tcpRaw) Write(f func(fd uintptr) (done bool)) error {
	return r.c.failure("raw-write", r.RawConn.Write(f))
}

func sockaddr(a netip.AddrPort) (family int, to syscall.Sockaddr) {
	if addr := a.Addr().Unmap(); addr.Is4() {
		return syscall.AF_INET, &syscall.SockaddrInet4{Port: int(a.Port()), Addr: addr.As4()}
	}
	return syscall.AF_INET6, &syscall.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}
