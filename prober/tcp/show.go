package tcp

import (
	"fmt"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Rule names the expectation behind the code of r. r has no other failure.
func (e *Engine) Rule(r *probe.Result, code errcode.Code) string {
	switch {
	case code == errcode.TooSlow:
		return fmt.Sprintf("expect.max_latency %s: took %s", e.maxLatency, r.Duration())
	case e.secure:
		return "a connection was open, with TLS"
	}
	return "a connection was open"
}
