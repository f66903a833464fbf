package http1

import (
	"bytes"

	"example.com/prober/prober/message"
)

// areExtensions reports whether b is a list of chunk extensions. b is the text after the
// first semicolon of a chunk's line. Each extension has a name and may have a value (RFC
// 9112, section 7.1.1). A value without quotes may hold whatever a field may. They are
// checked although they mean nothing: a reader with another idea of where a line of
// extensions ends finds other chunks.
func areExtensions(b []byte) bool {
	if !message.IsFieldValue(b) {
		return false
	}
	for {
		b = message.TrimBlank(b)
		n := 0
		for n < len(b) && message.IsTokenByte(b[n]) {
			n++
		}
		if n == 0 {
			return false
		}
		if b = message.TrimBlank(b[n:]); len(b) > 0 && b[0] == '=' {
			if b = message.TrimBlank(b[1:]); len(b) > 0 && b[0] == '"' {
				b = message.TrimBlank(b[quotedLength(b):])
			} else if end := bytes.IndexByte(b, ';'); end >= 0 {
				b = b[end:]
			} else {
				return true
			}
		}
		if len(b) == 0 {
			return true
		}
		if b[0] != ';' {
			return false
		}
		b = b[1:]
	}
}

// quotedLength returns the length of the quoted string at the start of b, 0 if it does
// not end (RFC 9110, section 5.6.4).
func quotedLength(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}
