package transport

import "example.com/prober/prober/message"

// Describe returns what the request that cfg describes says to its target. It lacks what is
// another in each request: VaryingHeader and what comes with VaryingBody, Authorization,
// IDHeader, Traceparent, and cookies that answers have set.
func Describe(cfg Config) message.Request {
	cfg.Cookies = false
	return requestOf(&cfg, "", false)
}
