//go:build linux && !386 && !s390x

package transport

import (
	"syscall"
	"unsafe"
)

// peekFD looks at the first bytes in the socket's buffer and leaves them there.
// It makes the system call itself because syscall.Recvfrom allocates the address
// of a sender that a TCP socket does not report.
func (s *stream) peekFD(fd uintptr) {
	n, _, errno := syscall.Syscall6(syscall.SYS_RECVFROM, fd,
		uintptr(unsafe.Pointer(&s.peeked[0])), uintptr(len(s.peeked)),
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	s.peekLen, s.peekErr = int(n), nil
	if errno != 0 {
		s.peekLen, s.peekErr = 0, errno
	}
}
