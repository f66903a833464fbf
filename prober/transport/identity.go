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

// serial numbers the requests of a transport. No other transport has the same
// prefix, in this process or in another.
type serial struct {
	prefix uint64
	last   atomic.Uint64
}

// stamp makes the identifiers and the credentials of r, a request of q.
func (t *Transport) stamp(r *probe.Result, q *request) error {
	s, v := &scratchOf(r).stamp, &q.call.varying
	if v.IDHeader != "" {
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
	if !message.IsFieldValue(credentials) {
		return errcode.New(errcode.General, "the credentials cannot stand in a header")
	}
	s.Authorization = credentials
	return nil
}
