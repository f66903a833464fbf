//go:build linux && !386 && !s390x && !race

package wire

import (
	"syscall"
	"unsafe"
)

// canSkip reports whether bytes can be received without being copied.
const canSkip = true

// skipNow never waits. It tells the scheduler, as reads of one socket among many do.
func skipNow(fd uintptr, m *syscall.Msghdr) (n int, errno syscall.Errno) {
	got, _, errno := syscall.Syscall(syscall.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(m)), syscall.MSG_TRUNC)
	return int(got), errno
}

// receiveNow never waits. The scheduler may be told of the call.
func receiveNow(fd uintptr, _ []byte, m *syscall.Msghdr, tellsScheduler bool) (n int, errno syscall.Errno) {
	var got uintptr
	if tellsScheduler {
		got, _, errno = syscall.Syscall(syscall.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(m)), 0)
	} else {
		got, _, errno = syscall.RawSyscall(syscall.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(m)), 0)
	}
	return int(got), errno
}
