package message

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

// Varying says which parts of a request differ between requests. The varying fields of the
// header stand after all others.
type Varying struct {
	Authorization bool
	Traceparent   bool
	// IDHeader is the name in HTTP/1, IDName in HTTP/2; empty if there is none.
	IDHeader, IDName string
	// Target means that the target goes on with that of the stamp. Fields means that the
	// stamp may have fields. Content means that the content is that of the exchange.
	Target, Fields, Content bool
}

// None reports whether nothing varies.
func (v *Varying) None() bool {
	return !v.Authorization && !v.Traceparent && v.IDHeader == "" && !v.Target && !v.Fields && !v.Content
}

// Stamp has the varying parts of one request.
type Stamp struct {
	Authorization string
	ID            [2 * 16]byte
	Traceparent   [len("00-") + 2*16 + len("-") + 2*8 + len("-01")]byte
	// Target is a path with its query, Fields are those of the header in their order.
	Target []byte
	Fields []StampField
}

// StampField is a header field of one request only.
type StampField struct {
	*FieldName
	Value []byte
}

// FieldName is the name of a field in each version of HTTP.
type FieldName struct {
	// Name is the name in HTTP/1, Lower in HTTP/2 and HTTP/3: empty if the field has no
	// place in these.
	Name, Lower string
	// Secret means that no intermediary may put the field into a table.
	Secret bool
}

// NewFieldName returns the name of a field, given in its form in HTTP/1.
func NewFieldName(name string) *FieldName {
	lower := strings.ToLower(name)
	n := &FieldName{Name: name, Lower: lower, Secret: IsSecret(lower)}
	if IsHTTP1Only(lower) {
		n.Lower = ""
	}
	return n
}

// Trace makes the field traceparent of a sampled trace that begins here.
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
