package dns

import (
	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// startBuffer is how much room there is for answers at first, in bytes. It is more than a
// datagram may have. Over TCP the room grows, up to what one message can be.
const startBuffer = 4 << 10

// scratch is what a worker's Result holds for this engine from one request to the next.
type scratch struct {
	dns probe.DNS
	// rcode is the code of the answer, matched says that one of its records is as expected.
	rcode   option.Rcode
	matched bool
	// lastRead is when the last of the answer was read, end when it arrived.
	lastRead, end probe.Instant
	permit        probe.Permit
	reserved      *conn // a warm connection that was kept for the request, or nil
	buf           []byte
	text          []byte // one record, for people
}

// scratchOf returns the scratch of r, which it makes for the first request of a worker.
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
