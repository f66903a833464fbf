package transport

import (
	"bytes"
	"strings"
)

// cutLine returns the first line without its end, and what follows it. A bare
// line feed ends a line too (RFC 9112, section 2.2).
func cutLine(block []byte) (line, rest []byte) {
	i := bytes.IndexByte(block, '\n')
	if i < 0 {
		return block, nil
	}
	return trimCR(block[:i]), block[i+1:]
}

func trimCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

func trimBlank(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func trimBlankEnd(b []byte) []byte {
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// equalFold compares b with lower, which is in lower case, without regard to the
// case of ASCII letters.
func equalFold(b []byte, lower string) bool {
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

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// tokenBytes marks the bytes of a token (RFC 9110, section 5.6.2).
var tokenBytes = func() (set [256]bool) {
	const token = "!#$%&'*+-.^_`|~" + "0123456789" +
		"abcdefghijklmnopqrstuvwxyz" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for c := range set {
		set[c] = strings.IndexByte(token, byte(c)) >= 0
	}
	return set
}()

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return len(b) > 0
}

// isFieldValue refuses control characters other than the tabulator (RFC 9110,
// section 5.5).
func isFieldValue[T string | []byte](b T) bool {
	for i := range len(b) {
		if c := b[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// parseLength reads the value of Content-Length (RFC 9110, section 8.6).
func parseLength(value []byte) (n int64, ok bool) {
	const longest = 18 // digits that an int64 always holds
	if len(value) == 0 || len(value) > longest {
		return 0, false
	}
	for _, d := range value {
		if !isDigit(d) {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	return n, true
}
