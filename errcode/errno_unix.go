//go:build !plan9 && !wasip1 && !windows

package errcode

import "syscall"

// errnoOf returns the kind of err if it is an operating-system error.
func errnoOf(err error) (errnoKind, bool) {
	e, ok := err.(syscall.Errno)
	if !ok {
		return errnoNone, false
	}
	return posixErrno(e), true
}
