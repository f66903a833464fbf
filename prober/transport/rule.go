package transport

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// Rule names the expectation behind the code of r. r has no other failure.
func (t *Transport) Rule(r *probe.Result, code errcode.Code) string {
	return t.requests[r.Request].expect.rule(r, code)
}

func (x *expectation) rule(r *probe.Result, code errcode.Code) string {
	if x.statusCode(r.HTTP.Status) != errcode.OK {
		return x.statusRule() + ": got " + strconv.Itoa(r.HTTP.Status)
	}
	switch code {
	case errcode.OK:
		return x.statusRule() + ": got " + strconv.Itoa(r.HTTP.Status) + ", and all else that is expected"
	case errcode.UnexpectedProtocol:
		return fmt.Sprintf("expect.http_version %s: got %s", x.version, r.HTTP.Version)
	case errcode.UnexpectedHeader:
		return fmt.Sprintf("expect.headers: %v", r.Unmet)
	case errcode.UnexpectedBody:
		return fmt.Sprintf("expect.body: %v", r.HTTP.BodyErr)
	case errcode.TooSlow:
		return fmt.Sprintf("expect.max_latency %s: took %s", x.latency, r.Duration())
	case errcode.Capture:
		return fmt.Sprintf("%v", r.Unmet)
	}
	return ""
}

func (x *expectation) statusRule() string {
	if len(x.status) == 0 {
		return "expect.status is not set, which means below 400"
	}
	return "expect.status " + statuses(x.status)
}

// statuses lists ranges in the form of the configuration.
func statuses(ranges []option.StatusRange) string {
	texts := make([]string, len(ranges))
	for i, s := range ranges {
		texts[i] = strconv.Itoa(s.From)
		if s.To != s.From {
			texts[i] += "-" + strconv.Itoa(s.To)
		}
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
