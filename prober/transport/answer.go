package transport

import "example.com/prober/prober/probe"

// AnyField reports whether the final response to r has a header field of the given name
// with a matching value. The name must be one of KeepHeader. The value is valid during
// the call only.
func AnyField(r *probe.Result, name string, match func(value []byte) bool) bool {
	return scratchOf(r).kept.AnyField(name, match)
}
