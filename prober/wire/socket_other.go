//go:build !linux

package wire

import (
	"errors"
	"net"

	"example.com/prober/prober/probe"
)

// Socket is not made: the needs of a bare system call are known for Linux only.
type Socket struct {
	net.Conn
	beforeRead, beforeWait func()
}

func newSocket(net.Conn) *Socket { return nil }

// WriteNow is never called, since there is no socket.
func (s *Socket) WriteNow(p []byte) (int, error) { return s.Write(p) }

// WriteAhead is never called.
func (s *Socket) WriteAhead([][]byte) (int, error) { return 0, errors.ErrUnsupported }

// Skip is never called.
func (s *Socket) Skip(int64) (int, error) { return 0, errors.ErrUnsupported }

func (s *Socket) time() bool { return false }

func (s *Socket) share() {}

func (s *Socket) arrival() probe.Arrival { return probe.Arrival{Read: probe.Now()} }
