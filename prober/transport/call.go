package transport

import (
	"net/http"

	"example.com/prober/prober/http1"
	"example.com/prober/prober/http2"
	"example.com/prober/prober/http3"
	"example.com/prober/prober/message"
)

// call is one request, encoded once for each version of HTTP a transport may have to speak.
// Encoding costs more than sending, so a request is encoded when its target is compiled;
// only a redirect encodes while requests run.
type call struct {
	http1   http1.Request
	http2   http2.Request
	http3   http3.Request
	varying message.Varying
	cfg     *Config // the description of the request
	content message.Content
	// bodiless means that the response has no body whatever its header says.
	bodiless bool
}

// encode prepares the request of cfg for the connections of t. cfg may differ from the
// configuration of t.
func (t *Transport) encode(cfg *Config) call {
	q := call{
		varying:  newVarying(cfg),
		cfg:      cfg,
		content:  message.NewContent(cfg.Body, cfg.BodySize), // empty if it varies
		bodiless: cfg.Method == http.MethodHead,
	}
	authorization, forwarded := t.dialer.Forwards()
	says := requestOf(cfg, authorization, forwarded)
	q.http1 = http1.Encode(says, q.content)
	if t.h2 != nil {
		q.http2 = http2.Encode(says, q.content)
	}
	if t.h3 != nil {
		q.http3 = http3.Encode(says)
	}
	return q
}
