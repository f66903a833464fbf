//go:build !linux || 386 || s390x

package wire

import (
	"syscall"

	"example.com/prober/prober/probe"
)

// receipt is never in use: no system call is known to say when bytes arrived.
type receipt struct {
	inUse   bool
	arrival probe.Arrival
}

func (r *receipt) use(syscall.RawConn) bool { return false }

func (r *receipt) receive(uintptr, []byte, int) (int, syscall.Errno) { return 0, syscall.ENOSYS }

const (
	canSkip  = false
	dropping = 0
)

var skipped [1]byte

func glance(uintptr) syscall.Errno { return 0 }

func timeArrivals(syscall.Conn) bool { return false }

func stampIn([]byte) (wall int64, ok bool) { return 0, false }
