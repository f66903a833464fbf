//go:build !linux

package transport

import "net"

// socket is not made: only on Linux is it known what a bare system call needs.
type socket struct {
	net.Conn
	beforeRead, beforeWait func()
}

func newSocket(net.Conn) *socket { return nil }

func (s *socket) writeNow(p []byte) (int, error) { return s.Write(p) }
