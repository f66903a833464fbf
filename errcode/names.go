package errcode

import (
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
)

// http2Names are the HTTP/2 error codes 0 to 13 (RFC 9113, section 7) as the names of
// codes have them; in capitals they are the names in the RFC.
var http2Names = [...]string{
	"no_error", "protocol_error", "internal_error", "flow_control_error", "settings_timeout",
	"stream_closed", "frame_size_error", "refused_stream", "cancel", "compression_error",
	"connect_error", "enhance_your_calm", "inadequate_security", "http_1_1_required",
}

// All lists every code in ascending order, [OK] first.
func All() iter.Seq[Code] {
	return func(yield func(Code) bool) {
		for c := OK; c <= grpcTable[len(grpcTable)-1].code; c++ {
			if c.known() && !yield(c) {
				return
			}
		}
	}
}

// ByName returns the code with the given name, such as "refused", "http_503" or
// "goaway_no_error".
func ByName(name string) (Code, bool) {
	for c := range All() {
		if c.Name() == name {
			return c, true
		}
	}
	return OK, false
}

// Parse returns the code with number or name s. The error names an s outside the set.
func Parse(s string) (Code, error) {
	if n, err := strconv.ParseUint(s, 10, 16); err == nil && Code(n).known() {
		return Code(n), nil
	}
	if c, ok := ByName(s); ok {
		return c, nil
	}
	return OK, fmt.Errorf("no error code has the number or name %q", s)
}

// Range returns the range of c, or "" for a number outside the set.
func (c Code) Range() Range {
	switch {
	case !c.known():
		return ""
	case c == OK:
		return RangeOK
	}
	return ranges[c/100]
}

// Name returns the lower-case name of c, or "" for a number outside the set. The name is
// unique and as stable as the number.
func (c Code) Name() string {
	if e := c.entry(); e != nil {
		return e.name
	}
	if c.isStatus() {
		return "http_" + strconv.Itoa(c.status())
	}
	if family, n, ok := c.http2(); ok {
		return family.Name() + "_" + http2Names[n]
	}
	if family, n, ok := c.http3(); ok {
		return http3Name(family, n)
	}
	return ""
}

// Meaning returns the meaning of c in half a sentence, or "" for a number outside the
// set.
func (c Code) Meaning() string {
	if e := c.entry(); e != nil {
		return e.meaning
	}
	if c.isStatus() {
		return strings.TrimSpace("the response had status " + strconv.Itoa(c.status()) + " " + http.StatusText(c.status()))
	}
	if family, n, ok := c.http3(); ok {
		return http3Meaning(family, n)
	}
	family, n, ok := c.http2()
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s with HTTP/2 error code %d (%s)", familyWords(family), n, strings.ToUpper(http2Names[n]))
}

func familyWords(family Code) string {
	switch family {
	case GoAway:
		return "GOAWAY"
	case Stream:
		return "stream error"
	default:
		return "connection error"
	}
}

func (c Code) known() bool {
	if c.entry() != nil || c.isStatus() {
		return true
	}
	_, _, isHTTP2 := c.http2()
	_, _, isHTTP3 := c.http3()
	return isHTTP2 || isHTTP3
}

// isStatus reports whether c is 1000 plus an HTTP status.
func (c Code) isStatus() bool { return c >= 1400 && c <= 1599 }

func (c Code) status() int { return int(c) - 1000 }

// http2 splits a computed HTTP/2 code into the general code of its family and the HTTP/2
// error code.
func (c Code) http2() (family Code, n int, ok bool) {
	for _, family := range [...]Code{GoAway, Stream, Connection} {
		if n := int(c) - int(family) - 1; n >= 0 && n < len(http2Names) {
			return family, n, true
		}
	}
	return OK, 0, false
}
