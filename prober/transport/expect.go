package transport

import (
	"fmt"
	"regexp"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// Expectation says which responses are successes. The zero value demands a status below
// 400 and nothing else.
type Expectation struct {
	// Status lists the statuses of successes; empty means all below 400.
	Status []option.StatusRange
	// Version is the version of the response in the form of [probe.Version.String], or
	// empty for any.
	Version string
	// Header fields must each have a matching value.
	Header []option.FieldPattern
	Body   option.BodyPattern
	// MaxLatency is the time from due to the last byte; 0 means no limit.
	MaxLatency time.Duration
}

// expectation is an [Expectation], compiled.
type expectation struct {
	status  []option.StatusRange // empty means all below 400
	version string               // in the form of Version, empty for any
	headers []headerExpectation
	body    *bodyExpectation // nil if any will do
	latency time.Duration    // 0 means no limit
}

type headerExpectation struct {
	name  string
	match func(value []byte) bool
	// absent and differs are the errors of an unmet expectation.
	absent, differs error
}

// fault returns what is wrong with the header of r, nil if nothing is.
func (h *headerExpectation) fault(r *probe.Result) error {
	switch {
	case scratchOf(r).kept.AnyField(h.name, h.match):
		return nil
	case scratchOf(r).kept.AnyField(h.name, func([]byte) bool { return true }):
		return h.differs
	}
	return h.absent
}

func newExpectation(e Expectation) (*expectation, error) {
	x := &expectation{status: e.Status, version: e.Version, latency: e.MaxLatency}
	for _, h := range e.Header {
		pattern, err := regexp.Compile(h.Pattern)
		if err != nil {
			return nil, fmt.Errorf("expect.headers: %s: %w", h.Name, err)
		}
		x.headers = append(x.headers, headerExpectation{
			name: h.Name, match: pattern.Match,
			absent:  fmt.Errorf("the header field %q of expect.headers is absent", h.Name),
			differs: fmt.Errorf("no value of the header field %q matches expect.headers", h.Name),
		})
	}
	var err error
	if x.body, err = newBodyExpectation(e.Body); err != nil {
		return nil, fmt.Errorf("expect.body: %w", err)
	}
	return x, nil
}

// configure makes a transport look at what the expectation needs.
func (x *expectation) configure(c *Config) {
	for _, h := range x.headers {
		c.KeepHeader = append(c.KeepHeader, h.name)
	}
	if x.body != nil {
		c.CheckBody = x.body.check
	}
}

// verdict returns the code of a request. The first of these that applies gives the code: a
// failure to get the whole response, its status, its HTTP version, its header, its body,
// the time it took, a missing value of a capture. The latency comes after the content: a
// wrong answer is worth more notice than a slow one.
func (x *expectation) verdict(r *probe.Result) errcode.Code {
	if r.Err != nil {
		return errcode.FromError(r.Err)
	}
	if code := x.statusCode(r.HTTP.Status); code != errcode.OK {
		return code
	}
	switch {
	case x.version != "" && x.version != r.HTTP.Version.String():
		return errcode.UnexpectedProtocol
	case x.headerFault(r):
		return errcode.UnexpectedHeader
	case r.HTTP.BodyErr != nil:
		return errcode.UnexpectedBody
	case x.latency > 0 && r.Duration() > x.latency:
		return errcode.TooSlow
	}
	if r.Unmet = scratchOf(r).missing; r.Unmet != nil {
		return errcode.Capture
	}
	return errcode.OK
}

// headerFault reports whether the header of r misses the expectation, and notes the
// reason in r.
func (x *expectation) headerFault(r *probe.Result) bool {
	for i := range x.headers {
		if r.Unmet = x.headers[i].fault(r); r.Unmet != nil {
			return true
		}
	}
	return false
}

func (x *expectation) statusCode(status int) errcode.Code {
	if len(x.status) == 0 {
		return errcode.FromStatus(status)
	}
	for _, s := range x.status {
		if s.From <= status && status <= s.To {
			return errcode.OK
		}
	}
	// An unlisted status below 400 has no code of its own as a failure.
	if status < 400 {
		return errcode.UnexpectedStatus
	}
	return errcode.FromStatus(status)
}
