package errcode

// windowsErrno sorts the numbers of Windows itself: Winsock errors from 10000 on, and the
// system errors of overlapped operations. It is a plain function of the number, so every
// system can test it.
func windowsErrno(n uintptr) errnoKind {
	switch n {
	case 4, 8, 14, 10024, 10055: // too many open files, not enough memory, out of memory, WSAEMFILE, WSAENOBUFS
		return errnoResources
	case 10048, 10049: // WSAEADDRINUSE, WSAEADDRNOTAVAIL
		return errnoPorts
	case 5, 10013: // access denied, WSAEACCES
		return errnoDenied
	case 1225, 10061: // connection refused, WSAECONNREFUSED
		return errnoRefused
	case 1231, 10050, 10051: // network unreachable, WSAENETDOWN, WSAENETUNREACH
		return errnoNetwork
	case 1232, 10064, 10065: // host unreachable, WSAEHOSTDOWN, WSAEHOSTUNREACH
		return errnoHost
	case 64, 10052, 10054: // network name deleted, WSAENETRESET, WSAECONNRESET
		return errnoReset
	case 109, 232, 10058: // broken pipe, pipe being closed, WSAESHUTDOWN
		return errnoBrokenPipe
	case 1236, 10053: // connection aborted, WSAECONNABORTED
		return errnoAborted
	case 121, 10060: // semaphore timeout, WSAETIMEDOUT
		return errnoTimedOut
	}
	return errnoOther
}
