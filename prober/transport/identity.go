package transport

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// varying says which fields of a request are not the same in each one. They
// stand after all others.
type varying struct {
	authorization bool
	traceparent   bool
	// idHeader is as HTTP/1 has it, idName as HTTP/2 does; empty if there is none.
	idHeader, idName string
}

func newVarying(cfg *Config) varying {
	return varying{
		authorization: cfg.Authorization != nil,
		traceparent:   cfg.Traceparent,
		idHeader:      cfg.IDHeader,
		idName:        strings.ToLower(cfg.IDHeader),
	}
}

func (v *varying) none() bool { return !v.authorization && !v.traceparent && v.idHeader == "" }

// stamp is what the varying fields of one request hold.
type stamp struct {
	authorization string
	id            [2 * 16]byte
	traceparent   [len("00-") + 2*16 + len("-") + 2*8 + len("-01")]byte
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

// trace makes the field traceparent of a trace that begins here and is sampled.
func (s *stamp) trace() (id probe.TraceID) {
	high, low := rand.Uint64(), rand.Uint64()|1 // all zeros would be invalid
	p := append(s.traceparent[:0], "00-"...)
	p = putHex(putHex(p, high), low)
	_, _ = hex.Decode(id[:], p[len("00-"):])
	p = putHex(append(p, '-'), rand.Uint64()|1)
	_ = append(p, "-01"...)
	return id
}

func putHex(p []byte, n uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		p = append(p, digits[n>>shift&0xf])
	}
	return p
}

// appendLines appends the varying fields as they stand in an HTTP/1 header.
func (v *varying) appendLines(p []byte, s *stamp) []byte {
	line := func(p []byte, name string, value []byte) []byte {
		p = append(append(p, name...), ": "...)
		return append(append(p, value...), "\r\n"...)
	}
	if v.authorization && s.authorization != "" {
		p = append(append(append(p, "Authorization: "...), s.authorization...), "\r\n"...)
	}
	if v.idHeader != "" {
		p = line(p, v.idHeader, s.id[:])
	}
	if v.traceparent {
		p = line(p, "traceparent", s.traceparent[:])
	}
	return p
}

// appendBlock appends the varying fields as literals that go into no table (RFC
// 7541, section 6.2.2), the credentials into none on the way either (6.2.3).
func (v *varying) appendBlock(p []byte, s *stamp) []byte {
	if v.authorization && s.authorization != "" {
		const neverIndexed, authorization = 0x10, 23 // the name is in the static table
		p = appendString(appendInteger(p, neverIndexed, 4, authorization), s.authorization)
	}
	if v.idName != "" {
		p = appendString(append(p, 0), v.idName)
		p = append(append(p, byte(len(s.id))), s.id[:]...)
	}
	if v.traceparent {
		p = appendString(append(p, 0), "traceparent")
		p = append(append(p, byte(len(s.traceparent))), s.traceparent[:]...)
	}
	return p
}
