//go:build unix && (!linux || 386 || s390x)

package transport

import "syscall"

// peekFD looks at the first bytes in the socket's buffer and leaves them there.
func (s *stream) peekFD(fd uintptr) {
	s.peekLen, _, s.peekErr = syscall.Recvfrom(int(fd), s.peeked[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
}
