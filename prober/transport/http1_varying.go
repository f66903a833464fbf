package transport

// appendLines appends the varying fields as they stand in an HTTP/1 header.
func appendLines(p []byte, v *varying, s *stamp) []byte {
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
