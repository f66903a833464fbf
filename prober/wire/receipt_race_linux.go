//go:build linux && !386 && !s390x && race

package wire

import (
	"syscall"
	"unsafe"
)

// canSkip is false: package syscall has no call that drops bytes.
const canSkip = false

// receiveNow asks when the bytes arrived and reads them afterwards. The race detector
// knows the order of events over a socket only if package syscall reads it.
func receiveNow(fd uintptr, p []byte, m *syscall.Msghdr, _ int) (n int, errno syscall.Errno) {
	got, _, errno := syscall.Syscall(syscall.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(m)), syscall.MSG_PEEK)
	if errno != 0 {
		return 0, errno
	}
	return readNow(fd, p[:max(got, 1)])
}
