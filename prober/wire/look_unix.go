//go:build unix && (!linux || 386 || s390x)

package wire

import "syscall"

// receiveFD receives the bytes in the socket's buffer, without waiting.
func (l *look) receiveFD(fd uintptr) {
	l.n, _, l.err = syscall.Recvfrom(int(fd), l.into, l.flags|syscall.MSG_DONTWAIT)
}

const leaveThere = syscall.MSG_PEEK
