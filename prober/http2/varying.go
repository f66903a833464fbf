package http2

import (
	"example.com/prober/prober/hpack"
	"example.com/prober/prober/message"
)

// appendBlock appends the varying fields as literals without indexing (RFC 7541, section 6.2.2). Credentials are never
// indexed, not even by intermediaries (6.2.3).
func appendBlock(p []byte, v *message.Varying, s *message.Stamp) []byte {
	if v.Authorization && s.Authorization != "" {
		const neverIndexed, authorization = 0x10, 23 // the name is in the static table
		p = hpack.AppendString(hpack.AppendInteger(p, neverIndexed, 4, authorization), s.Authorization)
	}
	if v.Fields {
		for _, f := range s.Fields {
			p = appendField(p, f)
		}
	}
	if v.IDName != "" {
		p = hpack.AppendString(append(p, 0), v.IDName)
		p = append(append(p, byte(len(s.ID))), s.ID[:]...)
	}
	if v.Traceparent {
		p = hpack.AppendString(append(p, 0), "traceparent")
		p = append(append(p, byte(len(s.Traceparent))), s.Traceparent[:]...)
	}
	return p
}

// appendField appends a field, unless HTTP/2 does not allow it.
func appendField(p []byte, f message.StampField) []byte {
	const neverIndexed = 0x10
	first := byte(0)
	switch {
	case f.Lower == "":
		return p
	case f.Secret:
		first = neverIndexed
	}
	p = hpack.AppendString(append(p, first), f.Lower)
	return appendBytes(p, f.Value)
}

// appendPath appends the pseudo-header field of the target.
func appendPath(p, target []byte) []byte {
	const path = 4 // the name in the static table
	return appendBytes(append(p, path), target)
}

// appendBytes appends a string without Huffman coding.
func appendBytes(p, s []byte) []byte {
	const prefix = 7 // bits
	return append(hpack.AppendInteger(p, 0, prefix, uint64(len(s))), s...)
}
