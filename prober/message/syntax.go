package message

import (
	"bytes"
	"strings"
)

// CutLine returns the first line without its end, and the rest of block. A bare line feed
// ends a line too (RFC 9112, section 2.2).
func CutLine(block []byte) (line, rest []byte) {
	i := bytes.IndexByte(block, '\n')
	if i < 0 {
		return block, nil
	}
	return TrimCR(block[:i]), block[i+1:]
}

// TrimCR returns line without the carriage return at its end, if there is one.
func TrimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// TrimBlank returns b without the blanks at its ends.
func TrimBlank(b []byte) []byte {
	for len(b) > 0 && IsBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && IsBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// TrimBlankEnd returns b without the blanks at its end.
func TrimBlankEnd(b []byte) []byte {
	for len(b) > 0 && IsBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// EqualFold compares b with lower, ignoring the case of ASCII letters. lower is in lower
// case.
func EqualFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// IsDigit reports whether c is a decimal digit.
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }

// IsBlank reports whether c is a space or a tabulator.
func IsBlank(c byte) bool { return c == ' ' || c == '\t' }

// tokenBytes marks the bytes of a token (RFC 9110, section 5.6.2).
var tokenBytes = func() (set [256]bool) {
	const token = "!#$%&'*+-.^_`|~" + "0123456789" +
		"abcdefghijklmnopqrstuvwxyz" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for c := range set {
		set[c] = strings.IndexByte(token, byte(c)) >= 0
	}
	return set
}()

// IsToken reports whether b is a token (RFC 9110, section 5.6.2).
func IsToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return len(b) > 0
}

// IsFieldValue refuses control characters other than the tabulator (RFC 9110,
// section 5.5).
func IsFieldValue[T string | []byte](b T) bool {
	for i := range len(b) {
		if c := b[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// ParseLength reads the value of Content-Length (RFC 9110, section 8.6).
func ParseLength(value []byte) (n int64, ok bool) {
	const longest = 18 // digits an int64 always holds
	if len(value) == 0 || len(value) > longest {
		return 0, false
	}
	for _, d := range value {
		if !IsDigit(d) {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	return n, true
}

// IsTokenByte reports whether c may stand in a token.
func IsTokenByte(c byte) bool { return tokenBytes[c] }
