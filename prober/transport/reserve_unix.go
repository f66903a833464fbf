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
	all := uint64(limit.Cur) //nolint:unconvert // signed on FreeBSD
	free := true
	if err := c.Control(func(fd uintptr) { free = uint64(fd)+min(most, all/4) < all }); err != nil {
		return err
	}
	if !free {
		return syscall.EMFILE
	}
	return nil
}
