package transport

// appendBlock appends the varying fields as literals that go into no table (RFC
// 7541, section 6.2.2), the credentials into none on the way either (6.2.3).
func appendBlock(p []byte, v *varying, s *stamp) []byte {
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
