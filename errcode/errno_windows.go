package errcode

import "syscall"

// errnoOf returns the kind of err if it is an operating-system error.
func errnoOf(err error) (errnoKind, bool) {
	e, ok := err.(syscall.Errno)
	if !ok {
		return errnoNone, false
	}
	if kind := windowsErrno(uintptr(e)); kind != errnoOther {
		return kind, true
	}
	return posixErrno(e), true
}
