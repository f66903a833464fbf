//go:build race

package wire

import (
	"errors"
	"syscall"
	"unsafe"
)

// The race detector knows the order of events over a socket only if package syscall reads
// and writes it.

func readNow(fd uintptr, p []byte) (int, syscall.Errno) {
	n, err := syscall.Read(int(fd), p)
	return n, number(err)
}

func writeNow(fd uintptr, p []byte) (int, syscall.Errno) {
	n, err := syscall.Write(int(fd), p)
	return n, number(err)
}

// writePartsNow writes the first part only.
func writePartsNow(fd uintptr, parts []syscall.Iovec) (int, syscall.Errno) {
	return writeNow(fd, unsafe.Slice(parts[0].Base, parts[0].Len))
}

func number(err error) syscall.Errno {
	errno, _ := errors.AsType[syscall.Errno](err)
	return errno
}
