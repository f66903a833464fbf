package http1

import (
	"example.com/prober/prober/message"
)

// appendTo appends a message with its varying parts in their places. The header of the
// message ends at end.
func (x *Exchange) appendTo(out, message []byte, end int) []byte {
	if at := x.Request.targetEnd; x.Varying.Target {
		out = append(append(out, message[:at]...), x.Stamp.Target...)
		message, end = message[at:], end-at
	}
	out = append(out, message[:end]...)
	out = appendLines(out, x.Varying, x.Stamp)
	out = append(out, message[end:]...)
	if n := x.Content.Length; x.Varying.Content && n > 0 && x.Content.IsInline() {
		out = append(out, x.Content.Part(0, int(n))...)
	}
	return out
}

// appendLines appends the varying fields in the form of HTTP/1.
func appendLines(p []byte, v *message.Varying, s *message.Stamp) []byte {
	line := func(p []byte, name string, value []byte) []byte {
		p = append(append(p, name...), ": "...)
		return append(append(p, value...), "\r\n"...)
	}
	if v.Authorization && s.Authorization != "" {
		p = append(append(append(p, "Authorization: "...), s.Authorization...), "\r\n"...)
	}
	if v.Fields {
		for _, f := range s.Fields {
			p = line(p, f.Name, f.Value)
		}
	}
	if v.IDHeader != "" {
		p = line(p, v.IDHeader, s.ID[:])
	}
	if v.Traceparent {
		p = line(p, "traceparent", s.Traceparent[:])
	}
	return p
}
