package template

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// escaping is the way to insert a value.
type escaping uint8

const (
	noValue escaping = iota
	plain
	percent
	formValue
	jsonString
	jsonValue
	headerValue
)

const hexDigits = "0123456789ABCDEF"

// fault returns why value cannot be inserted, "" if it can.
func (e escaping) fault(value []byte) string {
	switch e {
	case jsonValue:
		if !json.Valid(value) {
			return "is not JSON; outside of a string it must be JSON"
		}
	case headerValue:
		for _, c := range value {
			if c < ' ' && c != '\t' || c == 0x7f {
				return "has a control character, which no header field can hold"
			}
		}
	}
	return ""
}

// appendTo appends value. The value must have no fault.
func (e escaping) appendTo(dst, value []byte) []byte {
	switch e {
	case percent:
		return appendPercent(dst, value, "%20")
	case formValue:
		return appendPercent(dst, value, "+")
	case jsonString:
		return appendJSONString(dst, value)
	default:
		return append(dst, value...)
	}
}

// appendPercent leaves the unreserved characters alone (RFC 3986, section 2.3).
func appendPercent(dst, value []byte, space string) []byte {
	for _, c := range value {
		switch {
		case isUnreserved(c):
			dst = append(dst, c)
		case c == ' ':
			dst = append(dst, space...)
		default:
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	return dst
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// appendJSONString appends value in the form for a place between the quotes of a string.
// Invalid UTF-8 becomes the replacement character.
func appendJSONString(dst, value []byte) []byte {
	for len(value) > 0 {
		c := value[0]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ' || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, size := utf8.DecodeRune(value)
			dst = utf8.AppendRune(dst, r)
			value = value[size:]
			continue
		}
		value = value[1:]
	}
	return dst
}

// scanner follows the literal parts of a template to know the context of the next name.
type scanner struct {
	place Place
	// within means that it is within a JSON string. escaped means that the last byte was a
	// backslash.
	within, escaped bool
}

func newScanner(place Place) *scanner { return &scanner{place: place} }

// escaping returns the way to insert a value here.
func (s *scanner) escaping() escaping {
	switch s.place {
	case Path:
		return percent
	case Form:
		return formValue
	case JSON:
		if s.within {
			return jsonString
		}
		return jsonValue
	case Header:
		return headerValue
	default:
		return plain
	}
}

// literal writes text in the form to send.
func (s *scanner) literal(to *strings.Builder, text string) error {
	switch s.place {
	case Path:
		return literalPath(to, text)
	case JSON:
		for _, c := range []byte(text) {
			switch {
			case s.escaped:
				s.escaped = false
			case c == '\\':
				s.escaped = s.within
			case c == '"':
				s.within = !s.within
			}
		}
	}
	to.WriteString(text)
	return nil
}

// literalPath encodes characters that are not allowed in a path or a query. It keeps encoded
// characters.
func literalPath(to *strings.Builder, text string) error {
	for _, c := range []byte(text) {
		if c == '#' {
			return errors.New(`a path must not contain "#": fragments are not sent; a literal one is written %23`)
		}
		appendLiteral(to, c)
	}
	return nil
}

// appendLiteral writes a byte of a path, encoded if it is not allowed there.
func appendLiteral(to *strings.Builder, c byte) {
	if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
		to.WriteByte('%')
		to.WriteByte(hexDigits[c>>4])
		to.WriteByte(hexDigits[c&0xf])
		return
	}
	to.WriteByte(c)
}
