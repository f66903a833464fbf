package transport

import "example.com/prober/prober/probe"

// scratch is what a worker's Result holds for this engine from one request to the next.
type scratch struct {
	http   probe.HTTP
	call   *call // what to send
	stamp  stamp // what varies in it
	kept   *kept // used again wherever something is kept
	permit probe.Permit
	one    h1exchange // over HTTP/1
	two    h2exchange // over HTTP/2
}

// scratchOf returns the scratch of r, which it makes for the first request of a worker.
func scratchOf(r *probe.Result) *scratch {
	s, ok := r.Scratch.(*scratch)
	if !ok {
		s = new(scratch)
		s.one.permit, s.two.permit = &s.permit, &s.permit
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

// send prepares the exchanges for q, what kept is nil for nobody wants to keep.
func (s *scratch) send(q *call, kept *kept) {
	s.call = q
	s.one.request, s.one.content, s.one.varying, s.one.stamp = &q.http1, &q.content, &q.varying, &s.stamp
	s.one.bodiless, s.one.kept = q.bodiless, kept
	s.two.request, s.two.content, s.two.varying, s.two.stamp = &q.http2, &q.content, &q.varying, &s.stamp
	s.two.bodiless, s.two.kept = q.bodiless, kept
}
