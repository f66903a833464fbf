//go:build !plan9 && !wasip1

package errcode

import "syscall"

// posixErrno sorts the numbers that package syscall names on every system. On Windows
// package syscall invents these names; windowsErrno sorts the real errors of sockets.
func posixErrno(e syscall.Errno) errnoKind {
	switch e {
	case 0:
		return errnoNone
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS:
		return errnoResources
	case syscall.EADDRNOTAVAIL, syscall.EADDRINUSE:
		return errnoPorts
	case syscall.EACCES, syscall.EPERM:
		return errnoDenied
	case syscall.ECONNREFUSED:
		return errnoRefused
	case syscall.ENETUNREACH, syscall.ENETDOWN:
		return errnoNetwork
	case syscall.EHOSTUNREACH, syscall.EHOSTDOWN:
		return errnoHost
	case syscall.ECONNRESET, syscall.ENETRESET:
		return errnoReset
	case syscall.EPIPE, syscall.ESHUTDOWN:
		return errnoBrokenPipe
	case syscall.ECONNABORTED:
		return errnoAborted
	case syscall.ETIMEDOUT:
		return errnoTimedOut
	}
	return errnoOther
}
