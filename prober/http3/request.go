package http3

import (
	"strings"

	"github.com/quic-go/quic-go/quicvarint"

	"example.com/prober/prober/message"
	"example.com/prober/prober/qpack"
)

// Request is a target's request as an HTTP/3 field section, encoded once. It uses nothing of
// a dynamic table, so it is valid on every stream. If the target varies, the field section is
// head, the target and tail instead of section.
type Request struct{ section, head, tail []byte }

// Encode returns q as it goes over every connection.
func Encode(q message.Request) Request {
	section := qpack.AppendPrefix(nil)
	field := func(name, value string) {
		section = qpack.AppendField(section, name, value, message.IsSecret(name))
	}
	field(":method", q.Method)
	field(":scheme", q.Scheme)
	field(":authority", q.Authority)
	target := len(section)
	if !q.VariesTarget {
		field(":path", q.Target)
	}
	for _, h := range q.Fields {
		// Names in capitals, and fields about the connection, make a request malformed (RFC
		// 9114, section 4.2).
		if name := strings.ToLower(h.Name); !message.IsHTTP1Only(name) {
			field(name, h.Value)
		}
	}
	if q.VariesTarget {
		return Request{head: section[:target], tail: section[target:]}
	}
	return Request{section: section}
}

// appendVaried appends the encoded varying fields. If the target varies, that is the whole
// field section.
func (q *Request) appendVaried(p []byte, v *message.Varying, s *message.Stamp) []byte {
	if v.Target {
		p = qpack.AppendLiteral(append(p, q.head...), ":path", s.Target, false)
		p = append(p, q.tail...)
	}
	return appendVarying(p, v, s)
}

// appendTo appends the frames of the request up to its content. The header ends with varied,
// the encoded varying fields.
func (q *Request) appendTo(out, varied []byte, content int64) []byte {
	out = quicvarint.Append(out, frameHeaders)
	out = quicvarint.Append(out, uint64(len(q.section)+len(varied)))
	out = append(append(out, q.section...), varied...)
	if content > 0 {
		out = quicvarint.Append(out, frameData)
		out = quicvarint.Append(out, uint64(content))
	}
	return out
}

// appendVarying appends the varying fields as literals. Credentials are never indexed, not
// even by intermediaries.
func appendVarying(p []byte, v *message.Varying, s *message.Stamp) []byte {
	if v.Authorization && s.Authorization != "" {
		p = qpack.AppendLiteral(p, "authorization", s.Authorization, true)
	}
	if v.Fields {
		for _, f := range s.Fields {
			if f.Lower != "" {
				p = qpack.AppendLiteral(p, f.Lower, f.Value, f.Secret)
			}
		}
	}
	if v.IDName != "" {
		p = qpack.AppendLiteral(p, v.IDName, s.ID[:], false)
	}
	if v.Traceparent {
		p = qpack.AppendLiteral(p, "traceparent", s.Traceparent[:], false)
	}
	return p
}
