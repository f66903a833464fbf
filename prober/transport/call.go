package transport

import "net/http"

// call is one request, encoded once for each version of HTTP in which a transport
// may have to send it.
type call struct {
	http1   request
	http2   h2request
	varying varying
	cfg     *Config // that describes it
	content outgoing
	// bodiless tells that the response has no body whatever its header says.
	bodiless bool
}

// encode prepares the request that cfg describes, which may be another than that
// of t, for the connections of t.
func (t *Transport) encode(cfg *Config) call {
	q := call{
		varying:  newVarying(cfg),
		cfg:      cfg,
		content:  newOutgoing(cfg.Body, cfg.BodySize),
		bodiless: cfg.Method == http.MethodHead,
	}
	authorization, forwarded := t.dialer.forwards()
	says := requestOf(cfg, authorization, forwarded)
	q.http1 = encodeRequest(says, q.content)
	if t.h2 != nil {
		q.http2 = encodeHTTP2(says, q.content)
	}
	return q
}
