//go:build unix

package wire

import (
	"math"
	"syscall"
)

// reserve decides whether a new socket would use one of the descriptors to keep free: for
// scrapes, for a reload and for the look-up of names. The lowest free descriptor is
// always given out first, so its number tells how many are in use.
type reserve struct{ limit uint64 }

// newReserve takes the limit of now. To ask anew for every socket would take as long as
// setting a socket option.
func newReserve() reserve {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return reserve{math.MaxUint64} // sockets are good, whatever the limit is
	}
	return reserve{uint64(limit.Cur)} //nolint:unconvert // signed on FreeBSD
}

// keep refuses a socket in the same way as the operating system without a free
// descriptor.
func (r reserve) keep(c syscall.RawConn) error {
	var refused error
	if err := c.Control(func(fd uintptr) { refused = r.check(fd) }); err != nil {
		return err
	}
	return refused
}

// check is keep for a socket nobody else uses.
func (r reserve) check(fd uintptr) error {
	// Where the limit is low, no more than a quarter of it is kept free, so that connections
	// can be made at all.
	const most = 64
	if uint64(fd)+min(most, r.limit/4) < r.limit {
		return nil
	}
	return syscall.EMFILE
}
