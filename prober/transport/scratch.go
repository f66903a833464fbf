package transport

import (
	"strings"
)

// scratch is what a worker's Result holds for this engine from one request to the next.
type scratch struct {
	http   HTTP
	call   *call     // what to send
	stamp  stamp     // what varies in it
	kept   *kept     // used again wherever something is kept
	stream *h2stream // used again for every request over HTTP/2
	claim  claim     // what was reserved for it
}

// scratchOf returns the scratch of r, which it makes for the first request of a worker.
func scratchOf(r *Result) *scratch {
	s, ok := r.Scratch.(*scratch)
	if !ok {
		s = new(scratch)
		r.Scratch = s
	}
	return s
}

// begin prepares r and its scratch for a request.
func (s *scratch) begin(r *Result) {
	s.http = HTTP{Hops: s.http.Hops[:0]}
	s.call, s.stamp.authorization = nil, ""
	r.HTTP = &s.http
	r.Begin()
	r.Guard(s)
}

// Secrets returns what the header of the request says in confidence, and its body.
func (s *scratch) Secrets() (secrets []string, ok bool) {
	if s.call == nil { // nothing was sent
		return nil, true
	}
	cfg := s.call.cfg
	if max(int64(len(cfg.Body)), cfg.BodySize) > maxSecretBody {
		return nil, false
	}
	return append(cfg.secrets(), strings.ToLower(s.stamp.authorization)), true
}
