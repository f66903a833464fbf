package transport

import (
	"example.com/prober/prober/content"
	"example.com/prober/prober/http1"
	"example.com/prober/prober/http2"
	"example.com/prober/prober/http3"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// scratch is what this engine keeps in a worker's Result from one request to the next.
type scratch struct {
	http   probe.HTTP
	call   *call         // what to send
	first  *Config       // the request before all redirects, nil without any
	stamp  message.Stamp // what varies in it
	kept   *content.Kept // of the response; nil if nothing is kept
	spare  *content.Kept // the last kept other than nil, to use again
	permit probe.Permit
	// missing is the failure of the first capture without its value.
	missing error
	rendered
	one   http1.Exchange // over HTTP/1
	two   http2.Exchange // over HTTP/2
	three http3.Exchange // over HTTP/3
}

// scratchOf returns the scratch of r. It makes one for the first request of a worker.
func scratchOf(r *probe.Result) *scratch {
	s, ok := r.Scratch.(*scratch)
	if !ok {
		s = new(scratch)
		s.one.Permit, s.two.Permit, s.three.Permit = &s.permit, &s.permit, &s.permit
		r.Scratch = s
	}
	return s
}

// begin prepares r and its scratch for a request.
func (s *scratch) begin(r *probe.Result) {
	s.http = probe.HTTP{Hops: s.http.Hops[:0]}
	s.call, s.first, s.missing = nil, nil, nil
	s.stamp.Authorization, s.stamp.Target, s.stamp.Fields = "", nil, s.stamp.Fields[:0]
	s.rendered.begin(r)
	r.HTTP = &s.http
	r.Begin()
	r.Guard(s)
}

// keep prepares to keep what p wants of the response. p may be nil.
func (s *scratch) keep(p *content.Plan) {
	if s.kept = p.Keep(s.spare); s.kept != nil {
		s.spare = s.kept
	}
}

// send prepares the exchanges for q.
func (s *scratch) send(q *call, c *message.Content) {
	s.call = q
	most := q.cfg.MaxBodyBytes
	s.one.Request, s.one.Content, s.one.Varying, s.one.Stamp = &q.http1, c, &q.varying, &s.stamp
	s.one.Bodiless, s.one.Kept, s.one.MaxBody = q.bodiless, s.kept, most
	s.two.Request, s.two.Content, s.two.Varying, s.two.Stamp = &q.http2, c, &q.varying, &s.stamp
	s.two.Bodiless, s.two.Kept, s.two.MaxBody = q.bodiless, s.kept, most
	s.three.Request, s.three.Content, s.three.Varying, s.three.Stamp = &q.http3, c, &q.varying, &s.stamp
	s.three.Bodiless, s.three.Kept, s.three.MaxBody = q.bodiless, s.kept, most
}
