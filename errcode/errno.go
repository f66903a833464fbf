package errcode

// errnoKind is the meaning of an operating-system error for a connection, whatever number
// the system gives it.
type errnoKind uint8

const (
	errnoNone errnoKind = iota
	// errnoOther is a number without a meaning of its own here.
	errnoOther
	errnoResources
	errnoPorts
	errnoDenied
	errnoRefused
	errnoNetwork
	errnoHost
	errnoReset
	errnoBrokenPipe
	errnoAborted
	errnoTimedOut
)

// local returns the code of a kind if its cause is our own host, else OK.
func (k errnoKind) local() Code {
	switch k {
	case errnoResources:
		return LocalResources
	case errnoPorts:
		return LocalPorts
	case errnoDenied:
		return LocalDenied
	}
	return OK
}

// code returns the code of a kind that is not local, while dialling or on an established
// connection. On an established connection the peer was reached, so a router's error
// about the route has no code of its own.
func (k errnoKind) code(dialling bool) Code {
	if dialling {
		return k.dialCode()
	}
	switch k {
	case errnoAborted:
		return Aborted
	case errnoReset:
		return Reset
	case errnoBrokenPipe:
		return BrokenPipe
	case errnoTimedOut:
		return ConnectionTimeout
	}
	return TCPErrno
}

func (k errnoKind) dialCode() Code {
	switch k {
	case errnoRefused:
		return Refused
	case errnoNetwork:
		return NetworkUnreachable
	case errnoHost:
		return HostUnreachable
	case errnoAborted:
		return Aborted
	case errnoReset:
		return Reset // a reset before the connection stands is a refusal
	case errnoBrokenPipe:
		return BrokenPipe // likewise, after an end of stream
	case errnoTimedOut:
		return DialTimeout
	}
	return DialErrno
}

// isOfDials reports whether a kind without a place belongs to a dial, as it nearly always
// does.
func (k errnoKind) isOfDials() bool {
	return k == errnoRefused || k == errnoNetwork || k == errnoHost
}

// closes reports whether the peer, or the kernel on its behalf, ended the
// connection.
func (k errnoKind) closes() bool {
	return k == errnoReset || k == errnoBrokenPipe || k == errnoAborted
}
