package transport

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// maxCaptured is the longest value taken from a response, in bytes. The value stays in
// memory for the later steps, and its length is the peer's choice.
const maxCaptured = 64 << 10

// capture is a [Capture], compiled.
type capture struct {
	Capture
	path    []string       // of JSON, nil if the source is another
	pattern *regexp.Regexp // nil without Regexp
}

func newCaptures(captures []Capture) ([]capture, error) {
	var compiled []capture
	for _, c := range captures {
		one := capture{Capture: c}
		if c.JSON != "" {
			one.path = strings.Split(c.JSON, ".")
		}
		if c.Regexp != "" {
			var err error
			if one.pattern, err = regexp.Compile(c.Regexp); err != nil {
				return nil, fmt.Errorf("capture %q: %w", c.Name, err)
			}
		}
		compiled = append(compiled, one)
	}
	return compiled, nil
}

// isOfBody reports whether c looks at the body.
func (c *capture) isOfBody() bool { return c.path != nil || c.pattern != nil }

// field returns the name of the header field that c looks at, if any.
func (c *capture) field() []string {
	switch {
	case c.Header != "":
		return []string{c.Header}
	case c.Cookie != "":
		return []string{setCookie}
	}
	return nil
}

// captureBody takes the values for the captures from the decoded body, if the response to r
// meets the expectation otherwise. It gets no body that fails the expectation. A value from
// an error page would only make the next step fail, and that step would be blamed.
func (q *request) captureBody(r *probe.Result, body []byte) {
	if q.expect.verdict(r) != errcode.OK {
		return
	}
	for i := range q.captures {
		if c := &q.captures[i]; c.isOfBody() {
			value, missing := c.inBody(body)
			c.take(r, value, missing)
		}
	}
}

// capture takes the values for the captures from the header, after those of the body.
func (q *request) capture(r *probe.Result) {
	if len(q.captures) == 0 || q.expect.verdict(r) != errcode.OK {
		return
	}
	for i := range q.captures {
		if c := &q.captures[i]; !c.isOfBody() {
			value, missing := c.inHeader(r)
			c.take(r, value, missing)
		}
	}
}

// take gives value to the name of c, or notes why it is missing. The first capture without
// its value makes the request fail.
func (c *capture) take(r *probe.Result, value []byte, missing string) {
	if missing == "" && len(value) > maxCaptured {
		missing = "a value above 64 KiB " + c.source()
	}
	s := scratchOf(r)
	switch {
	case missing == "":
		r.Values.Set(c.To, value)
	case s.missing == nil:
		s.missing = errcode.New(errcode.Capture, fmt.Sprintf("capture %q: %s", c.Name, missing))
	}
}

// source returns the place c looks at, worded for the end of a sentence.
func (c *capture) source() string {
	switch {
	case c.path != nil:
		return fmt.Sprintf("at %q of the body", c.JSON)
	case c.pattern != nil:
		return "where the regexp matches the body"
	case c.Header != "":
		return fmt.Sprintf("in the header field %q", c.Header)
	default:
		return fmt.Sprintf("in the cookie %q", c.Cookie)
	}
}

// inBody returns the value in the body, or why it is missing.
func (c *capture) inBody(body []byte) (value []byte, missing string) {
	if c.pattern != nil {
		return c.match(body)
	}
	// findJSON relies on this: it looks for the ends of values and checks nothing.
	if !json.Valid(body) {
		return nil, "the body is not JSON"
	}
	at := findJSON(body, c.path)
	switch {
	case at == nil:
		return nil, "nothing " + c.source()
	// A name with the text null would be sent on as if the server had given a value.
	case string(at) == "null":
		return nil, "null " + c.source()
	case at[0] == '"':
		return []byte(unquoteJSON(at)), ""
	}
	return at, ""
}

// match returns the first group of the pattern, or the whole match if it has none.
func (c *capture) match(body []byte) (value []byte, missing string) {
	const group = 2 // the index of its bounds
	at := c.pattern.FindSubmatchIndex(body)
	switch {
	case at == nil:
		return nil, "the regexp matches nothing in the body"
	case len(at) == group:
		return body[at[0]:at[1]], ""
	case at[group] < 0:
		return nil, "the group of the regexp matches nothing in the body"
	}
	return body[at[group]:at[group+1]], ""
}

// inHeader returns the value in the header, or why it is missing.
func (c *capture) inHeader(r *probe.Result) (value []byte, missing string) {
	if c.Header != "" {
		found := AnyField(r, c.Header, func(v []byte) bool {
			value = slices.Clone(v)
			return true
		})
		if !found {
			return nil, fmt.Sprintf("no header field %q", c.Header)
		}
		return value, ""
	}
	missing = fmt.Sprintf("no cookie %q is set", c.Cookie)
	for _, line := range scratchOf(r).setCookies() {
		if set, err := http.ParseSetCookie(line); err == nil && set.Name == c.Cookie {
			value, missing = []byte(set.Value), "" // a later cookie replaces it
		}
	}
	return value, missing
}
