package errcode

// code applies the rules of [FromError] in their order.
func (f *facts) code() Code {
	switch {
	case f.cancelled:
		return Cancelled
	case f.local != OK:
		return f.local
	case f.blocked != OK:
		return f.blocked
	case f.explicit != OK:
		return f.explicit
	case f.deadline, f.timeout && f.errno != errnoTimedOut:
		return f.outOfTime()
	case f.dns != OK:
		return f.dns
	case f.tls != OK:
		return f.tls
	case f.proxy != OK:
		return f.proxy
	case f.errno != errnoNone:
		return f.systemError()
	case f.http2 != OK:
		return f.http2
	case f.ended:
		return f.endOfStream()
	case f.malformed != OK:
		return f.malformed
	}
	return f.unknown()
}

// phase returns the phase of the failure as far as the tree of errors says.
func (f *facts) phase() Phase {
	switch {
	case f.lookup && f.place.Phase <= PhaseConnect: // the dial of package net holds its look-up
		return PhaseResolve
	case f.place.Phase > PhaseQueue:
		return f.place.Phase
	case f.lookup:
		return PhaseResolve
	case f.dialling:
		return PhaseConnect
	case f.handshake:
		return PhaseTLS
	}
	return PhaseNone
}

func (f *facts) outOfTime() Code {
	switch f.phase() {
	case PhaseResolve:
		return DNSTimeout
	case PhaseConnect:
		return DialTimeout
	case PhaseTLS:
		return TLSTimeout
	}
	return RequestTimeout
}

func (f *facts) systemError() Code {
	phase := f.phase()
	switch {
	case phase == PhaseResolve && f.errno == errnoTimedOut:
		return DNSTimeout
	case phase == PhaseResolve:
		return DNSUnreachable
	case f.nonTCP:
		return NonTCPNetwork
	case phase == PhaseTLS && f.errno.closes():
		return TLSClosed
	case f.unanswered() && (f.errno == errnoReset || f.errno == errnoBrokenPipe):
		return ClosedReused
	}
	unplaced := phase == PhaseNone && !f.socket
	return f.errno.code(phase == PhaseConnect || unplaced && f.errno.isOfDials())
}

// unanswered reports whether the failure happened on a reused connection, before any byte
// of a response. The way in which the peer ended such a connection says more about its
// system than about the peer.
func (f *facts) unanswered() bool {
	switch f.phase() {
	case PhaseNone, PhaseSend, PhaseProcessing:
		return f.place.Reused && !f.place.InHeader
	}
	return false
}

func (f *facts) endOfStream() Code {
	phase := f.phase()
	switch {
	case phase == PhaseResolve:
		return DNSMalformed
	case f.nonTCP:
		return NonTCPNetwork
	case phase == PhaseConnect:
		return Dial
	case phase == PhaseTLS:
		return TLSClosed
	case f.place.InHeader:
		return ClosedInHeaders
	case phase == PhaseTransfer:
		return Truncated
	case f.unanswered():
		return ClosedReused
	case f.placed || !f.unexpected:
		return Closed
	case f.awaiting:
		return ClosedInHeaders
	}
	return Truncated
}

// unknown returns the code of a failure from its phase alone.
func (f *facts) unknown() Code {
	switch phase := f.phase(); {
	case phase == PhaseResolve:
		return DNS
	case f.nonTCP:
		return NonTCPNetwork
	case phase == PhaseConnect:
		return Dial
	case phase == PhaseTLS:
		return TLS
	case f.socket:
		return TCP
	case unsendable(f.url):
		return InvalidURL
	}
	return General
}
