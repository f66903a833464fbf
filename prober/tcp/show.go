package tcp

import (
	"fmt"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Rule says which expectation gave the code of r, which has no failure besides.
func (e *Engine) Rule(r *probe.Result, code errcode.Code) string {
	switch {
	case code == errcode.TooSlow:
		return fmt.Sprintf("expect.max_latency %s: took %s", e.maxLatency, r.Duration())
	case e.secure:
		return "a connection stood, with TLS"
	}
	return "a connection stood"
}
