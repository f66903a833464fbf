//go:build !unix

package transport

import "syscall"

// keepReserve has nothing to keep: here descriptors are not numbered up to a limit.
func keepReserve(syscall.RawConn) error { return nil }
