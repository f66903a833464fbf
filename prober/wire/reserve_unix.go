//go:build unix

package wire

import (
	"math"
	"syscall"
)

// reserve says of a new socket whether the process has so few descriptors left that
// they are to be kept: for scrapes, for a reload and for the look-up of names.
// Descriptors are handed out lowest first, so the number tells how many are in use.
type reserve struct{ limit uint64 }

// newReserve goes by the limit of now: to ask anew for every socket would take as long as
// to set an option of it.
func newReserve() reserve {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return reserve{math.MaxUint64} // sockets are good, whatever the limit is
	}
	return reserve{uint64(limit.Cur)} //nolint:unconvert // signed on FreeBSD
}

// keep refuses a socket as the operating system does when there is no descriptor left.
func (r reserve) keep(c syscall.RawConn) error {
	var refused error
	if err := c.Control(func(fd uintptr) { refused = r.check(fd) }); err != nil {
		return err
	}
	return refused
}

// check is keep for a socket that is in nobody else's hands.
func (r reserve) check(fd uintptr) error {
	const most = 64
	if uint64(fd)+min(most, r.limit/4) < r.limit {
		return nil
	}
	return syscall.EMFILE
}
