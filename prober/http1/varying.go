package http1

import (
	"example.com/prober/prober/message"
)

// appendLines appends the varying fields as they stand in an HTTP/1 header.
func appendLines(p []byte, v *message.Varying, s *message.Stamp) []byte {
	line := func(p []byte, name string, value []byte) []byte {
		p = append(append(p, name...), ": "...)
		return append(append(p, value...), "\r\n"...)
	}
	if v.Authorization && s.Authorization != "" {
		p = append(append(append(p, "Authorization: "...), s.Authorization...), "\r\n"...)
	}
	if v.IDHeader != "" {
		p = line(p, v.IDHeader, s.ID[:])
	}
	if v.Traceparent {
		p = line(p, "traceparent", s.Traceparent[:])
	}
	return p
}
