package transport

import (
	"fmt"
	"strings"
	"sync/atomic"

	"example.com/prober/errcode"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

func newVarying(cfg *Config) message.Varying {
	return message.Varying{
		Authorization: cfg.Authorization != nil,
		Traceparent:   cfg.Traceparent,
		IDHeader:      cfg.IDHeader,
		IDName:        strings.ToLower(cfg.IDHeader),
		Target:        cfg.Path != nil,
		Fields:        cfg.hasVaryingFields(),
		Content:       cfg.VaryingBody != nil,
	}
}

// serial numbers the requests of a transport. No other transport has the same prefix, in
// this process or in another: it is 64 random bits. A count costs less than new random bits
// for each request, and shows the order of requests in a server's log.
type serial struct {
	prefix uint64
	last   atomic.Uint64
}

// stamp makes the identifiers and the credentials of r, a request of q.
func (t *Transport) stamp(r *probe.Result, q *request) error {
	s, v := &scratchOf(r).stamp, &q.call.varying
	if v.IDHeader != "" {
		// Both halves are written in place: ID has room for them.
		id := message.PutHex(s.ID[:0], t.serial.prefix)
		message.PutHex(id, t.serial.last.Add(1))
	}
	if v.Traceparent {
		r.HTTP.TraceID = s.Trace()
	}
	if !v.Authorization {
		return nil
	}
	credentials, err := q.cfg.Authorization()
	if err != nil {
		return fmt.Errorf("no credentials: %w", err)
	}
	// They come from a file or from a token endpoint. A line break in them would begin
	// another field.
	if !message.IsFieldValue(credentials) {
		return errcode.New(errcode.General, "the credentials cannot stand in a header")
	}
	s.Authorization = credentials
	return nil
}
