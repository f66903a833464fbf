// Package http1 does exchanges over connections of HTTP/1 (RFC 9112). One goroutine writes
// the request and reads the response. Content too long for one write has another goroutine
// until it is written.
//
// A [Pool] holds the connections to one target.
package http1
