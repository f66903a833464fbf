package dns

import (
	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// startBuffer is the size of the buffer for answers at first, in bytes. It is more than a
// datagram may have. Over TCP the buffer grows, up to the longest possible message. So a
// datagram that fills it was not asked for.
const startBuffer = 4 << 10

// scratch is the state of this engine in a worker's Result, reused for every request.
type scratch struct {
	dns probe.DNS
	// rcode is the code of the answer. matched means that one of its records is as expected.
	rcode   option.Rcode
	matched bool
	// lastRead is when the last part of the answer was read, end when it arrived.
	lastRead, end probe.Instant
	permit        probe.Permit
	reserved      *conn // a warm connection reserved for the request, or nil
	buf           []byte
	text          []byte // one record as text
}

// scratchOf returns the scratch of r. It makes one for the first request of a worker.
func scratchOf(r *probe.Result) *scratch {
	s, ok := r.Scratch.(*scratch)
	if !ok {
		s = &scratch{buf: make([]byte, startBuffer)}
		r.Scratch = s
	}
	return s
}

// begin prepares r and its scratch for a request.
func (s *scratch) begin(r *probe.Result) {
	s.dns, s.rcode, s.matched, s.lastRead = probe.DNS{}, option.RcodeSuccess, false, 0
	r.DNS = &s.dns
	r.Begin()
}

// arrived notes the arrival of a part of the answer. The first part ends the wait.
func (s *scratch) arrived(r *probe.Result, a probe.Arrival) {
	at := r.Arrived(a)
	if r.Current() != errcode.PhaseTransfer {
		r.EnterSince(errcode.PhaseTransfer, at)
	}
	s.end = max(at, r.Since())
}
