package message

import (
	"encoding/hex"
	"math/rand/v2"
)

// Varying says which fields of a request are not the same in each one. They
// stand after all others.
type Varying struct {
	Authorization bool
	Traceparent   bool
	// IDHeader is as HTTP/1 has it, idName as HTTP/2 does; empty if there is none.
	IDHeader, IDName string
}

// None reports whether no field varies.
func (v *Varying) None() bool { return !v.Authorization && !v.Traceparent && v.IDHeader == "" }

// Stamp is what the varying fields of one request hold.
type Stamp struct {
	Authorization string
	ID            [2 * 16]byte
	Traceparent   [len("00-") + 2*16 + len("-") + 2*8 + len("-01")]byte
}

// Trace makes the field traceparent of a trace that begins here and is sampled.
func (s *Stamp) Trace() (id [16]byte) {
	high, low := rand.Uint64(), rand.Uint64()|1 // all zeros would be invalid
	p := append(s.Traceparent[:0], "00-"...)
	p = PutHex(PutHex(p, high), low)
	_, _ = hex.Decode(id[:], p[len("00-"):])
	p = PutHex(append(p, '-'), rand.Uint64()|1)
	_ = append(p, "-01"...)
	return id
}

// PutHex appends the 16 hexadecimal digits of n to p.
func PutHex(p []byte, n uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		p = append(p, digits[n>>shift&0xf])
	}
	return p
}
