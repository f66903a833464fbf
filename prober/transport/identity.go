package transport

import (
	"fmt"
	"strings"
	"sync/atomic"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

func newVarying(cfg *Config) varying {
	return varying{
		authorization: cfg.Authorization != nil,
		traceparent:   cfg.Traceparent,
		idHeader:      cfg.IDHeader,
		idName:        strings.ToLower(cfg.IDHeader),
	}
}

// serial numbers the requests of a transport. No other transport has the same
// prefix, in this process or in another.
type serial struct {
	prefix uint64
	last   atomic.Uint64
}

// stamp makes the varying fields of r.
func (t *Transport) stamp(r *probe.Result) error {
	s, v := &scratchOf(r).stamp, &t.call.varying
	if v.idHeader != "" {
		id := putHex(s.id[:0], t.serial.prefix)
		putHex(id, t.serial.last.Add(1))
	}
	if v.traceparent {
		r.HTTP.TraceID = s.trace()
	}
	if !v.authorization {
		return nil
	}
	credentials, err := t.cfg.Authorization()
	if err != nil {
		return fmt.Errorf("no credentials: %w", err)
	}
	if !isFieldValue(credentials) {
		return errcode.New(errcode.General, "the credentials cannot stand in a header")
	}
	s.authorization = credentials
	return nil
}
