package http2

import (
	"example.com/prober/prober/hpack"
	"example.com/prober/prober/message"
)

// appendBlock appends the varying fields as literals that go into no table (RFC
// 7541, section 6.2.2), the credentials into none on the way either (6.2.3).
func appendBlock(p []byte, v *message.Varying, s *message.Stamp) []byte {
	if v.Authorization && s.Authorization != "" {
		const neverIndexed, authorization = 0x10, 23 // the name is in the static table
		p = hpack.AppendString(hpack.AppendInteger(p, neverIndexed, 4, authorization), s.Authorization)
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
