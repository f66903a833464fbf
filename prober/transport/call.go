package transport

import (
	"bytes"
	"net/http"
)

// call is one request, encoded once for each version of HTTP in which a transport
// may have to send it.
type call struct {
	http1   request
	http2   h2request
	varying varying
	cfg     *Config // that describes it
	// The content is length bytes: pattern, or what is repeated to that length.
	pattern []byte
	length  int64
	// bodiless tells that the response has no body whatever its header says.
	bodiless bool
}

// filler is what generated bodies are made of; it is only read.
var filler = bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuvwxyz-prober-generated-body-----\n"), 512)

// encode prepares the request that cfg describes, which may be another than that
// of t, for the connections of t.
func (t *Transport) encode(cfg *Config) call {
	q := call{
		varying:  newVarying(cfg),
		cfg:      cfg,
		pattern:  cfg.Body,
		length:   int64(len(cfg.Body)),
		bodiless: cfg.Method == http.MethodHead,
	}
	if cfg.BodySize > 0 {
		q.pattern, q.length = filler, cfg.BodySize
	}
	authorization, forwarded := t.dialer.forwards()
	q.http1 = encodeRequest(cfg, authorization, forwarded)
	if q.isInline() {
		q.http1.keep = append(q.http1.keep, q.pattern[:q.length]...)
		q.http1.last = append(q.http1.last, q.pattern[:q.length]...)
	}
	if t.h2 != nil {
		q.http2 = encodeHTTP2(cfg)
	}
	return q
}

// isInline tells whether the content is short enough to be sent in one write with
// the header of HTTP/1.
func (q *call) isInline() bool { return q.length <= int64(len(filler)) }

// part returns up to n bytes of the content from offset on.
func (q *call) part(offset int64, n int) []byte {
	rest := q.pattern[offset%int64(len(q.pattern)):]
	return rest[:min(n, len(rest))]
}
