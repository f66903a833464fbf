package transport

import (
	"example.com/prober/prober/probe"
)

// scratch is what a worker's Result holds for this engine from one request to the next.
type scratch struct {
	http   probe.HTTP
	call   *call     // what to send
	stamp  stamp     // what varies in it
	kept   *kept     // used again wherever something is kept
	stream *h2stream // used again for every request over HTTP/2
	claim  claim     // what was reserved for it
}

// scratchOf returns the scratch of r, which it makes for the first request of a worker.
func scratchOf(r *probe.Result) *scratch {
	s, ok := r.Scratch.(*scratch)
	if !ok {
		s = new(scratch)
		r.Scratch = s
	}
	return s
}

// begin prepares r and its scratch for a request.
func (s *scratch) begin(r *probe.Result) {
	s.http = probe.HTTP{Hops: s.http.Hops[:0]}
	s.call, s.stamp.authorization = nil, ""
	r.HTTP = &s.http
	r.Begin()
	r.Guard(s)
}
