package transport

import (
	"encoding/hex"
	"math/rand/v2"

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

func (v *varying) none() bool { return !v.authorization && !v.traceparent && v.idHeader == "" }

// stamp is what the varying fields of one request hold.
type stamp struct {
	authorization string
	id            [2 * 16]byte
	traceparent   [len("00-") + 2*16 + len("-") + 2*8 + len("-01")]byte
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
