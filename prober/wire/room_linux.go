package wire

import "syscall"

// DatagramRoom returns how many bytes of datagrams the kernel lets a socket of ours keep
// until they are read, and how many quic-go asks for. Datagrams beyond the first number
// are lost. Both are 0 if that cannot be found out.
func DatagramRoom() (allowed, wanted int) {
	const most = 7 << 20 // the request of quic-go
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, 0
	}
	defer func() { _ = syscall.Close(fd) }() // nothing was sent
	// The second call goes beyond the limit of the kernel, and needs the right to.
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, most)
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, most)
	// Linux doubles what was set, for its own bookkeeping, and returns the double
	// (socket(7)). quic-go compares the same number.
	allowed, err = syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF)
	if err != nil {
		return 0, 0
	}
	return allowed, most
}
