//go:build linux && !386 && !s390x

package wire

import (
	"syscall"
	"unsafe"
)

// receiveFD receives the bytes in the socket's buffer, without waiting. It makes the system
// call itself because syscall.Recvfrom allocates the address of a sender. A TCP socket does
// not report one.
func (l *look) receiveFD(fd uintptr) {
	n, _, errno := syscall.Syscall6(syscall.SYS_RECVFROM, fd,
		uintptr(unsafe.Pointer(&l.into[0])), uintptr(len(l.into)),
		uintptr(l.flags|syscall.MSG_DONTWAIT), 0, 0)
	l.n, l.err = int(n), nil
	if errno != 0 {
		l.n, l.err = 0, errno
	}
}

const leaveThere = syscall.MSG_PEEK
