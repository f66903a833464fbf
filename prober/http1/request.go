package http1

import (
	"bytes"

	"example.com/prober/prober/message"
)

// Request is a target's request for an HTTP/1.1 connection, encoded once: keep leaves the
// connection open, last announces its end. The offset beside each is that of its empty
// line. Content may follow that line. The target ends at targetEnd in both: its varying
// part goes there.
type Request struct {
	keep, last       []byte
	keepEnd, lastEnd int
	targetEnd        int
}

// Encode also appends the content, if it is short. So the usual request takes one system
// call.
func Encode(q message.Request, content message.Content) Request {
	e := Request{keep: encodeHeader(q, ""), last: encodeHeader(q, "close"), targetEnd: len(q.Method) + len(" ") + len(q.Target)}
	e.keepEnd, e.lastEnd = len(e.keep)-len("\r\n"), len(e.last)-len("\r\n")
	if n := int(content.Length); n > 0 && content.IsInline() {
		e.keep = append(e.keep, content.Part(0, n)...)
		e.last = append(e.last, content.Part(0, n)...)
	}
	return e
}

// encodeHeader writes the request line and the fields of RFC 9112, section 3. Host comes
// first (RFC 9110, section 7.2). Without a Connection field the connection stays open (RFC
// 9112, section 9.3).
func encodeHeader(q message.Request, connection string) []byte {
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
