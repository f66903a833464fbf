package transport

import "example.com/prober/prober/message"

// Describe returns the request of cfg as its target gets it. It lacks everything that
// differs between requests: VaryingHeader and what comes with VaryingBody, Authorization,
// IDHeader, Traceparent, and cookies from answers.
func Describe(cfg Config) message.Request {
	cfg.Cookies = false
	return requestOf(&cfg, "", false)
}
