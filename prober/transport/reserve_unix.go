//go:build unix

package transport

import "syscall"

// keepReserve refuses a new socket as the operating system does when the process
// has no descriptor left, but while there still are some: for scrapes, for a reload
// and for the look-up of names. Descriptors are handed out lowest first, so the
// number tells how many are in use.
func keepReserve(c syscall.RawConn) error {
	const most = 64
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil //nolint:nilerr // the socket is good, whatever the limit is
	}
	reserve := min(most, uint64(limit.Cur)/4)
	low := true
	if err := c.Control(func(fd uintptr) { low = uint64(fd)+reserve < uint64(limit.Cur) }); err != nil {
		return err
	}
	if !low {
		return syscall.EMFILE
	}
	return nil
}
