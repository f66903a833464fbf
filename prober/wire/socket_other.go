//go:build !linux

package wire

import "net"

// Socket is not made: only on Linux is it known what a bare system call needs.
type Socket struct {
	net.Conn
	beforeRead, beforeWait func()
}

func newSocket(net.Conn) *Socket { return nil }

// WriteNow is not called where there is no socket.
func (s *Socket) WriteNow(p []byte) (int, error) { return s.Write(p) }
