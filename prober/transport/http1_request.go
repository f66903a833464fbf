package transport

import "bytes"

// request is a target's request as it goes over an HTTP/1.1 connection, encoded
// once: keep leaves the connection open, last announces its end. Each has its
// empty line, after which there may be content, at the offset beside it.
type request struct {
	keep, last       []byte
	keepEnd, lastEnd int
}

// encodeRequest also appends the content, if that is short.
func encodeRequest(q messageRequest, content outgoing) request {
	e := request{keep: encodeHeader(q, ""), last: encodeHeader(q, "close")}
	e.keepEnd, e.lastEnd = len(e.keep)-len("\r\n"), len(e.last)-len("\r\n")
	if n := int(content.length); n > 0 && content.isInline() {
		e.keep = append(e.keep, content.part(0, n)...)
		e.last = append(e.last, content.part(0, n)...)
	}
	return e
}

// encodeHeader writes the request line and the fields of RFC 9112, section 3.
func encodeHeader(q messageRequest, connection string) []byte {
	var b bytes.Buffer
	field := func(name, value string) {
		b.WriteString(name + ": " + value + "\r\n")
	}
	b.WriteString(q.Method + " " + q.Target + " HTTP/1.1\r\n")
	field("Host", q.Authority)
	for _, f := range q.Fields {
		field(f.Name, f.Value)
	}
	if connection != "" {
		field("Connection", connection)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}
